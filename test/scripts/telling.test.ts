import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { checkPtau } from '../../scripts/ceremony/ptau.ts'
import { listCircuits } from '../../scripts/circuits/circuits-list.ts'
import { telling } from '../../scripts/telling.ts'
import { ended } from '../cli/run.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minga-telling-'))
})
after(() => rm(folder, { recursive: true }))

describe('a script that was called wrongly', () => {
  const run = (script: string, ...args: string[]) =>
    ended(
      spawn(process.execPath, [resolve(import.meta.dirname, '../../scripts', script, 'main.ts'), ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )

  for (const [script, args, told] of [
    ['ceremony', [], /expected a command and a folder, found none/],
    ['ceremony', ['bogus', '.'], /expected init, contribute, beacon, verify or export, found bogus/],
    ['ceremony', ['verify', '/nowhere', '--ptau', 'x'], /expected a ceremony in \/nowhere, found no transcript\.json/],
    ['ceremony', ['contribute', '.'], /expected --name for contribute, found none/],
    ['ceremony', ['init', '.', '--circuit', '9x9', '--ptau', 'x'], /expected a size class as --circuit, 4x4, .* found 9x9/],
    ['ceremony', ['--nosuch'], /Unknown option '--nosuch'/],
    ['circuits', ['9x9'], /expected size classes of 4x4, .* found 9x9/],
  ] as const) {
    it(`says so in a line, with 2: ${[script, ...args].join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(script, ...args)
      assert.deepEqual([code, stdout, stderr.trimEnd().split('\n').length], [2, '', 1], stderr)
      assert.match(stderr, told)
    })
  }

  it('explains itself', async () => {
    const { code, stdout } = await run('ceremony', '--help')
    assert.equal(code, 0)
    assert.match(stdout, /init <folder> --circuit/)
  })

  it('tells of wrong powers of tau, and throws on what is a mistake of ours', async (t) => {
    const lines: string[] = []
    t.mock.method(console, 'error', (line: string) => void lines.push(line))
    t.after(() => {
      process.exitCode = 0
    })
    const wrong = join(folder, 'wrong.ptau')
    await writeFile(wrong, 'no tau')
    await telling(async () => void (await checkPtau(wrong)))
    assert.match(lines.join('\n'), /^expected \S+wrong\.ptau to be a pinned powers-of-tau file, found BLAKE2b-512 \w+$/)
    assert.equal(process.exitCode, 2)
    await assert.rejects(
      telling(async () => void (undefined as unknown as string).length),
      TypeError,
    )
  })
})

it('the list of circuits keeps the others, where they are still there, when one is built anew', async () => {
  const list = join(folder, 'circuits.json')
  const artifactsOf = async (name: string) => {
    const at = (kind: string) => join(folder, `${name}.${kind}`)
    for (const kind of ['wasm', 'zkey']) await writeFile(at(kind), '')
    return { folder, r1cs: at('r1cs'), wasm: at('wasm'), symbols: at('sym'), zkey: at('zkey') }
  }
  const names = async () => Object.keys(JSON.parse(await readFile(list, 'utf8')).circuits).sort()
  listCircuits({ '4x4': await artifactsOf('4x4'), '8x8': await artifactsOf('8x8'), '16x16': await artifactsOf('16x16') }, list)
  await rm(join(folder, '16x16.zkey'))
  listCircuits({ '4x4': await artifactsOf('4x4') }, list)
  assert.deepEqual(await names(), ['4x4', '8x8'])
})
