/** FAULTS 16, 29, 31, 46 and issue "Bad input": what `minga place` refuses before anything leaves this machine. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { EXIT } from '../../../src/errors.ts'
import type { JobDraft } from '../../../src/job/draft.ts'
import { encodePng } from '../../../src/pictures/encode.ts'
import { startTestNetwork, type TestNetwork } from '../support/fault-network.ts'
import { dataJob, jobFileOf, numbersJob } from '../support/jobs.ts'
import { refusal } from '../support/refusal.ts'

describe('a Job that cannot be', () => {
  const hooks: (() => unknown)[] = []
  let network: TestNetwork
  before(async () => {
    network = await startTestNetwork({ after: (hook) => void hooks.push(hook as () => unknown) })
  })
  after(async () => {
    for (const hook of hooks) await hook()
  })
  const shape = { macroJobs: 1, microJobs: 2, blocks: 2 }
  const numbers = (draft: Partial<JobDraft> = {}) => numbersJob(shape, draft).draft
  const write = async (name: string, text: string | Uint8Array) => {
    const path = join(network.directory, name)
    await writeFile(path, text)
    return path
  }
  const writeJob = async (name: string, draft: JobDraft, more: object = {}) => {
    await write(`${name}.wgsl`, draft.code)
    return write(`${name}.json`, JSON.stringify({ ...JSON.parse(jobFileOf(draft, `${name}.wgsl`)), ...more }))
  }
  const placed = (path: string, ...args: string[]) => network.cli('place', path, ...args)

  it('is told the line and column where its file stops being JSON', async () => {
    const path = await write('syntax.json', '{\n  "name": "x",\n  "code": }\n')
    const line = refusal(await placed(path), EXIT.usage)
    assert.match(line, /syntax\.json:3:11: expected a value, found "?}/)
  })

  it('is told all of its problems at once', async () => {
    const path = await writeJob('wrong', numbers(), { name: '', params: [-1], limits: { blockMs: 1 }, colour: 'red' })
    const { stderr } = await placed(path)
    for (const place of ['name', 'params.0', 'limits.blockMs', 'colour']) assert.ok(stderr.includes(place), `${place} in ${stderr}`)
  })

  it('does not reach into an object by __proto__ (FAULTS 46)', async () => {
    const path = await write('proto.json', `{"__proto__": {"name": "x"}, "constructor": 1, "code": "a.wgsl"}`)
    refusal(await placed(path), EXIT.usage)
  })

  it('whose code does not compile is told where, before it is placed', async () => {
    const path = await writeJob('typo', numbers({ code: numbers().code.replace('O[index] =', 'O[index] += nonsense') }))
    assert.match(refusal(await placed(path), EXIT.jobFailed), /found at 8:\d+: .*nonsense/)
    assert.match(refusal(await placed(path, '--json'), EXIT.jobFailed), /"name":"ShaderCompileError".*"diagnostics":\[\{/)
  })

  it('whose code compiles for ever is stopped (FAULTS 31)', async () => {
    const doubling = Array.from({ length: 40 }, (_, i) => `fn f${i + 1}(x: u32) -> u32 { return f${i}(x) + f${i}(x + 1u); }`)
    const code = `fn f0(x: u32) -> u32 { return x * 3u; }\n${doubling.join('\n')}\n${numbers().code.replace('+ 7u', '+ f40(index)')}`
    const path = await writeJob('bomb', numbers({ code }))
    assert.match(refusal(await placed(path), EXIT.jobFailed), /expected the shader to compile within \d+ ms/)
  })

  it('whose block never ends is stopped', async () => {
    const code = numbers().code.replace('O[index] =', 'loop { O[index] += 1u; if (P[16] == 0u) { break; } }\nO[index] =')
    const path = await writeJob('endless', numbers({ code, limits: { blockMs: 200 } }))
    assert.match(refusal(await placed(path), EXIT.jobFailed), /expected the block to finish within 200 ms/)
  })

  it('that wants 100 GB is refused (FAULTS 29)', async () => {
    // 100 GB a block by its size, 1 GiB by the smallest that the schema of one number takes, and by what it declares.
    const large = { layout: 'sequence', ...shape, blockElements: 25 * 2 ** 30 } as const
    assert.match(refusal(await placed(await writeJob('large', numbers({ slicing: large }))), EXIT.usage), /slicing\.blockElements/)
    const fitting = { ...large, blockElements: 2 ** 28 }
    assert.match(refusal(await placed(await writeJob('limits', numbers({ slicing: fitting }))), EXIT.usage), /at most \d+ are allowed/)
    const memory = await writeJob('memory', numbers({ limits: { memoryBytes: 100 * 2 ** 30 } }))
    assert.match(refusal(await placed(memory), EXIT.usage), /limits\.memoryBytes/)
    const code = numbers().code.replace('O[index] =', 'var big: array<u32, 25000000000>;\nO[index] = big[index] +')
    assert.match(refusal(await placed(await writeJob('private', numbers({ code }))), EXIT.jobFailed), /WGSL/)
  })

  it('that makes 10⁹ MicroJobs is refused (FAULTS 16)', async () => {
    const path = await writeJob(
      'many',
      numbers({ slicing: { layout: 'sequence', macroJobs: 1e6, microJobs: 1e3, blocks: 1, blockElements: 1 } }),
    )
    assert.match(refusal(await placed(path), EXIT.usage), /slicing/)
  })

  it('over a picture that does not fit the slicing is refused', async () => {
    await write('small.png', encodePng({ width: 8, height: 8, rgba: new Uint8Array(256) }))
    const picture = { data: { picture: 'small.png' }, slicing: { width: 64, height: 64 } }
    assert.match(refusal(await placed(await writeJob('misfit', numbers(), picture)), EXIT.usage), /does not fit the slicing: it has 8×8/)
    await write('broken.png', encodePng({ width: 8, height: 8, rgba: new Uint8Array(256) }).subarray(0, 40))
    refusal(await placed(await writeJob('broken', numbers(), { data: { picture: 'broken.png' }, slicing: {} })), EXIT.usage)
  })

  it('that names files which are not there is refused', async () => {
    refusal(await network.cli('place', join(network.directory, 'absent.json')), EXIT.usage)
    const path = await write('codeless.json', jobFileOf(numbers(), 'absent.wgsl'))
    assert.match(refusal(await placed(path), EXIT.usage), /absent\.wgsl, found nothing there/)
  })

  it('over data that nobody has is refused, and nothing is placed', async () => {
    const { draft } = dataJob(16, 16)
    const uri = `ipfs://bafkrei${'a'.repeat(52)}`
    const path = await writeJob('unknown', draft, { data: { uri } })
    assert.match(refusal(await placed(path), EXIT.network), /was not found/)
    const bad = await writeJob('uri', draft, { data: { uri: 'https://user:secret@example.org/x' } })
    const line = refusal(await placed(bad), EXIT.usage)
    assert.ok(!line.includes('secret'))
  })

  it('leaves the network empty after all this', async () => {
    const { stdout, code } = await network.cli('jobs', '--json')
    assert.deepEqual([stdout, code], ['', EXIT.ok])
  })
})
