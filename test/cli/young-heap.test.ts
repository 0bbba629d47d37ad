import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { withSmallYoungHeap } from '../../src/cli/young-heap.ts'

const MIB = 2 ** 20

/** MiB of V8's young generation after a fresh process has run `source`, in which `core` is the URL of the core. */
function youngMib(source: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    const { withSmallYoungHeap } = await import(${JSON.stringify(new URL('../../src/cli/young-heap.ts', import.meta.url).href)})
    const load = () => import(${JSON.stringify(new URL('../../src/cli/core.ts', import.meta.url).href)}).then(({ loadPeer }) => loadPeer())
    ${source}
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').physical_space_size)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })) / MIB
}

describe('the young heap', () => {
  it('stays small while the core is loaded', () => {
    const before = youngMib('await load()')
    const after = youngMib('await withSmallYoungHeap(load)')
    assert.ok(after < 8, `${after} MiB`)
    assert.ok(before > 2 * after, `V8 has learnt it: ${before} MiB without, ${after} MiB with our help`)
  })

  it('gives back what was started, and its error', async () => {
    assert.equal(await withSmallYoungHeap(async () => 'started'), 'started')
    await assert.rejects(
      withSmallYoungHeap(() => Promise.reject(new RangeError('no port'))),
      RangeError,
    )
  })
})
