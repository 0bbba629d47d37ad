import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvalidJobInfoError } from '../../src/job/errors.ts'
import { parseJobFile } from '../../src/job/job-file.ts'
import { localJobInfo } from '../../src/job/local-run.ts'

const minimal = { name: 'minimal', code: 'shader.wgsl', slicing: { width: 400, height: 200 } }

function problemsIn(task: () => unknown): string[] {
  try {
    task()
    return []
  } catch (error) {
    assert.ok(error instanceof InvalidJobInfoError, String(error))
    return error.problems.map(({ path, message }) => `${path}: ${message}`)
  }
}

test('a job file of three lines becomes a Job of the default shape', () => {
  const file = parseJobFile(minimal)
  assert.deepEqual([file.codeFile, file.data], ['shader.wgsl', null])
  const { slicing, program, verification, presentation } = localJobInfo(file.toDraft('code', null))
  assert.deepEqual([slicing.macroJobs, slicing.microJobs, slicing.blocks], [5, 10, 16])
  assert.equal(program.invocations, slicing.output.block.width * slicing.output.block.height)
  assert.deepEqual([program.workgroupSize, verification.mode, presentation], [64, 'exact', { kind: 'image' }])
})

test('everything of JobInfo can be said in a job file', () => {
  const value = {
    ...minimal,
    $schema: 'https://example.org/job.schema.json',
    slicing: { layout: 'sequence', macroJobs: 2, microJobs: 3, blocks: 4, blockElements: 8 },
    params: [1, 2],
    program: { workgroupSize: 32, invocations: 128, prelude: ['reproducible-float'], outputElement: 'f32' },
    verification: { mode: 'tolerance', absolute: 0.1, relative: 0 },
    unitPriceWei: '12',
    deadline: 1_900_000_000,
    limits: { blockMs: 500 },
    presentation: 'bytes',
    seed: '1'.repeat(64),
  }
  const info = localJobInfo(parseJobFile(value).toDraft('code', null))
  assert.deepEqual(info.program, value.program)
  assert.deepEqual(info.verification, value.verification)
  assert.deepEqual([info.unitPriceWei, info.deadline, info.limits.blockMs, info.limits.leaseMs], ['12', 1_900_000_000, 500, 5000])
  assert.deepEqual([info.presentation, info.seed, info.params], [{ kind: 'bytes' }, value.seed, [1, 2]])
  assert.equal(info.slicing.output.layout, 'sequence')
})

test('a complete slicing is taken as it is', () => {
  const { slicing } = localJobInfo(parseJobFile(minimal).toDraft('code', null))
  assert.deepEqual(localJobInfo(parseJobFile({ ...minimal, slicing }).toDraft('code', null)).slicing, slicing)
})

test('a picture gives the slicing its size', () => {
  const file = parseJobFile({ name: 'picture', code: 'a.wgsl', data: { picture: 'earth.jpg' }, slicing: { overlap: 2 } })
  assert.deepEqual(file.data, { file: 'earth.jpg', as: 'rgba' })
  const { slicing } = localJobInfo(file.toDraft('code', { bytes: new Uint8Array(80 * 40 * 4), picture: { width: 80, height: 40 } }))
  assert.deepEqual([slicing.output.width, slicing.output.height, slicing.input?.overlap], [80, 40, 2])
  const bare = parseJobFile({ name: 'picture', code: 'a.wgsl', data: { picture: 'earth.jpg' } })
  assert.equal(bare.toDraft('code', { bytes: new Uint8Array(4), picture: { width: 1, height: 1 } }).name, 'picture')
})

test('a picture that does not fit the slicing is refused in a sentence', () => {
  const data = { bytes: new Uint8Array(80 * 40 * 4), picture: { width: 80, height: 40 } }
  const file = parseJobFile({ ...minimal, data: { picture: 'earth.jpg' } })
  assert.deepEqual(
    problemsIn(() => file.toDraft('code', data)),
    ['slicing: the picture does not fit the slicing: it has 80×40 pixels, the slicing says 400×200'],
  )
  const { slicing } = localJobInfo(
    parseJobFile({ ...minimal, data: { file: 'raw.bin' } }).toDraft('code', { bytes: new Uint8Array(320_000) }),
  )
  const full = parseJobFile({ ...minimal, data: { picture: 'earth.jpg' }, slicing })
  assert.match(problemsIn(() => full.toDraft('code', data)).join(), /80×40 pixels make lines of 320 bytes, its lineStride is 1600/)
})

test('raw data that is too short for the slicing is refused before anything is sent', () => {
  const file = parseJobFile({ ...minimal, data: { file: 'raw.bin' } })
  assert.deepEqual(file.data, { file: 'raw.bin', as: 'bytes' })
  assert.match(
    problemsIn(() => file.toDraft('code', { bytes: new Uint8Array(10) })).join(),
    /slicing\.input: needs 320000 bytes of data, found 10/,
  )
})

test('data behind a URI stays there', () => {
  const URI = 'ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  const file = parseJobFile({ ...minimal, data: { uri: URI } })
  assert.equal(file.data, null)
  assert.equal(file.toDraft('code', null).dataUri, URI)
})

test('all problems of a job file are told at once, each with its place', () => {
  const problems = problemsIn(() =>
    parseJobFile({
      code: 'shader.glsl',
      data: { picture: 'a', file: 'b' },
      slicing: { width: 0, blocks: 1000 },
      params: [1.5],
      limits: { blockMs: 1 },
      nonsense: 1,
    }),
  )
  for (const place of ['name', 'code', 'data', 'params.0', 'limits.blockMs', 'slicing.blocks']) {
    assert.ok(
      problems.some((problem) => problem.startsWith(`${place}: `)),
      `${place} in\n${problems.join('\n')}`,
    )
  }
  assert.match(problems.join(), /nonsense/)
  assert.match(problemsIn(() => parseJobFile({ ...minimal, slicing: undefined })).join(), /^slicing: /)
})

test('each problem says where, what was expected and what was found, in words of ours', () => {
  const cases: readonly [unknown, string[]][] = [
    [5, [': expected an object, found 5']],
    [{ ...minimal, name: undefined, code: 5 }, ['name: missing, expected a text', 'code: expected a text, found 5']],
    [{ ...minimal, name: '' }, ['name: expected at least 1 character, found 0']],
    [{ ...minimal, colour: 1 }, [': unknown "colour"']],
    [{ ...minimal, slicing: { ...minimal.slicing, macroJobs: 1.5 } }, ['slicing.macroJobs: expected a whole number, found 1.5']],
    [{ ...minimal, slicing: { ...minimal.slicing, blocks: -1 } }, ['slicing.blocks: expected at least 1, found -1']],
    [{ ...minimal, verification: { mode: 'none' } }, ['verification.mode: expected "exact" or "class" or "tolerance", found "none"']],
    [{ ...minimal, deadline: 'x'.repeat(100) }, [`deadline: expected a number, found "${'x'.repeat(59)}…`]],
  ]
  for (const [value, expected] of cases)
    assert.deepEqual(
      problemsIn(() => parseJobFile(JSON.parse(JSON.stringify(value)))),
      expected,
    )
})

test('any JSON is a job file or an InvalidJobInfoError', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => problemsIn(() => parseJobFile(value)).length > 0))
  fc.assert(
    fc.property(
      fc.constantFrom('name', 'code', 'data', 'slicing', 'params', 'program', 'limits', 'presentation'),
      fc.jsonValue(),
      (key, value) => {
        const problems = problemsIn(() => parseJobFile({ ...minimal, [key]: value }))
        for (const problem of problems) assert.doesNotMatch(problem, /Invalid|Too (small|big)|Unrecognized|received/)
      },
    ),
  )
})

test('a layout that is none is answered with both that are', () => {
  const problems = problemsIn(() => parseJobFile({ ...minimal, slicing: { layout: 'spiral', blockElements: 8 } }))
  assert.deepEqual(problems, ['slicing.layout: expected "grid" or "sequence", found "spiral"'])
})

test('what docs/JOB_FILE.md shows is accepted, and it names every field', () => {
  const text = readFileSync(new URL('../../docs/JOB_FILE.md', import.meta.url), 'utf8')
  const shown = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json!))
  const picture = { bytes: new Uint8Array(640 * 320 * 4), picture: { width: 640, height: 320 } }
  const infos = shown.map((value) => localJobInfo(parseJobFile(value).toDraft('code', value.data === null ? null : picture)))
  assert.deepEqual(
    infos.map(({ verification, presentation }) => [verification.mode, presentation?.kind]),
    [
      ['exact', 'image'],
      ['tolerance', 'bytes'],
    ],
  )
  const everything = infos[1]!
  const nested = (field: 'program' | 'limits') => Object.keys(everything[field]).map((name) => `${field}.${name}`)
  const named = [
    'name',
    'code',
    'data',
    'slicing',
    'params',
    'verification',
    'unitPriceWei',
    'payment',
    'deadline',
    'presentation',
    'seed',
    '$schema',
  ]
  for (const field of [...named, ...nested('program'), ...nested('limits')]) assert.ok(text.includes(`| \`${field}\` |`), field)
})
