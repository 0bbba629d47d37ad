import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvalidJobInfoError } from '../../src/job/errors.ts'
import { parseJobInfo } from '../../src/job/info.ts'
import type { Slicing } from '../../src/job/slicing.ts'
import { exampleJobInfo } from '../support/job-info.ts'

/** The problems that parseJobInfo finds in a value, as `path: message`. */
function problemsIn(value: unknown): string[] {
  try {
    parseJobInfo(value)
    return []
  } catch (error) {
    assert.ok(error instanceof InvalidJobInfoError)
    return error.problems.map(({ path, message }) => `${path}: ${message}`)
  }
}

const withSlicing = (changes: Partial<Slicing>) => exampleJobInfo({ slicing: { ...exampleJobInfo().slicing, ...changes } })

test('a well-formed JobInfo is itself', () => {
  assert.deepEqual(parseJobInfo(exampleJobInfo()), exampleJobInfo())
})

test('a Job that would make 10⁹ MicroJobs is refused', () => {
  const problems = problemsIn(withSlicing({ macroJobs: 50_000, microJobs: 4000 }))
  assert.ok(
    problems.some((problem) => problem === 'slicing: makes 200000000 MicroJobs, a Job has at most 100000'),
    problems.join('\n'),
  )
  assert.match(problemsIn(withSlicing({ macroJobs: 1_000_000, microJobs: 1000 })).join(), /slicing\.macroJobs: .*65535/)
})

test('all problems of the shape are reported at once', () => {
  const { name: _, ...rest } = exampleJobInfo()
  const problems = problemsIn({ ...rest, version: 2, wallet: '0x12', seed: 'g', params: [-1, 2 ** 32], surprise: 1 })
  for (const path of ['name', 'version', 'wallet', 'seed', 'params.0', 'params.1']) {
    assert.ok(
      problems.some((problem) => problem.startsWith(`${path}: `)),
      path,
    )
  }
  assert.match(problems.join(), /surprise/)
})

test('all problems of meaning are reported at once', () => {
  const info = exampleJobInfo()
  const output = { ...info.slicing.output, width: 63, elementBytes: 1, block: { width: 3, height: 3 } }
  const problems = problemsIn({
    ...info,
    slicing: { ...info.slicing, output, input: { ...info.slicing.input, lineStride: 4 } },
    verification: { mode: 'tolerance', absolute: 0, relative: 0 },
  })
  for (const path of ['slicing.output', 'slicing.output.step', 'slicing.input', 'presentation', 'verification']) {
    assert.ok(
      problems.some((problem) => problem.startsWith(`${path}: `)),
      `${path} in ${problems.join('\n')}`,
    )
  }
})

test('a picture that does not fit the slicing is refused in a sentence', () => {
  const { output } = exampleJobInfo().slicing
  const fits = (width: number, height: number) => problemsIn(withSlicing({ output: { ...output, width, height }, input: null })).join()
  assert.match(fits(65, 32), /the picture does not fit the slicing: .* do not cover 65×32 elements/)
  assert.match(fits(10, 32), /the picture does not fit the slicing: .* go beyond 10×32 elements/)
  const holes = withSlicing({ blocks: 3 })
  assert.match(problemsIn(holes).join(), /leave holes/)
})

test('data must be there where the slicing reads it, and long enough', () => {
  const info = exampleJobInfo()
  assert.match(problemsIn({ ...info, data: null }).join(), /describes data, but the Job has none/)
  assert.match(problemsIn(withSlicing({ input: null })).join(), /is null, but the Job has data/)
  assert.match(problemsIn({ ...info, data: { ...info.data, bytes: 8191 } }).join(), /needs 8192 bytes of data, found 8191/)
})

test('a block that wants more memory than it may have, or than any GPU grants, is refused', () => {
  const info = exampleJobInfo()
  assert.match(
    problemsIn({ ...info, limits: { ...info.limits, memoryBytes: 100 } }).join(),
    /limits\.memoryBytes: a block reads and writes \d+ bytes/,
  )
  const vast = {
    ...info.slicing.output,
    width: 2 ** 20,
    height: 2 ** 20,
    block: { width: 2 ** 18, height: 2 ** 18 },
    step: { x: 2 ** 18, y: 2 ** 18 },
  }
  assert.match(problemsIn(withSlicing({ output: vast })).join(), /a block makes 274877906944 bytes, at most 134217728 are allowed/)
})

test('nothing that JSON can say makes it throw anything else', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => problemsIn(value).length > 0))
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(exampleJobInfo())), fc.jsonValue(), (key, value) => {
      problemsIn({ ...exampleJobInfo(), [key]: value })
    }),
  )
})
