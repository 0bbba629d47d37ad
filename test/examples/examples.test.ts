import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type Picture, RELIEF, reliefJob } from '../../examples/blue-marble/job.ts'
import { referencePicture as referenceRelief } from '../../examples/blue-marble/reference.ts'
import { FLOWER, mandelbrotJob } from '../../examples/mandelbrot/job.ts'
import { referencePicture as referenceMandelbrot } from '../../examples/mandelbrot/reference.ts'
import { MONTE_CARLO, monteCarloJob, volumeOf } from '../../examples/monte-carlo/job.ts'
import { referenceResult as referenceMonteCarlo } from '../../examples/monte-carlo/reference.ts'
import { EVENING, rayTracerJob } from '../../examples/ray-tracer/job.ts'
import { referencePicture as referenceRayTracer } from '../../examples/ray-tracer/reference.ts'
import { readSearchResult, SEARCH, searchJob } from '../../examples/sha256-search/job.ts'
import { referenceResult as referenceSearch } from '../../examples/sha256-search/reference.ts'
import { programOf } from '../../src/job/block-program.ts'
import { localJobInfo } from '../../src/job/local-run.ts'
import { decodePicture } from '../../src/pictures/decode.ts'
import { createLocalNetwork } from './support.ts'

let network: Awaited<ReturnType<typeof createLocalNetwork>>
before(async () => {
  network = await createLocalNetwork()
})
after(() => network.stop())

/** A real photograph, small: every eighth pixel of a part of three-globe’s dark Earth. */
function smallEarth(width: number, height: number): Picture {
  const earth = decodePicture(readFileSync(new URL('../../node_modules/three-globe/example/img/earth-dark.jpg', import.meta.url)))
  const rgba = new Uint8Array(width * height * 4)
  for (let i = 0; i < width * height; i++) {
    const from = ((Math.floor(i / width) * 8 + 100) * earth.width + (i % width) * 8 + 200) * 4
    rgba.set(earth.rgba.subarray(from, from + 4), i * 4)
  }
  return { width, height, rgba }
}

test('all shaders pass the lint for exact programs without a word', async () => {
  for (const draft of [mandelbrotJob(), reliefJob(smallEarth(64, 32)), searchJob(), monteCarloJob(), rayTracerJob()]) {
    const findings = await network.compute.check(programOf(localJobInfo(draft), draft.code))
    assert.deepEqual(findings, [], draft.name)
  }
})

test('the Mandelbrot zoom is what BigInt computes, bit by bit', async () => {
  const size = { width: 45, height: 27, samples: 2, maxIterations: 700 }
  assert.deepEqual(await network.run(mandelbrotJob(size)), referenceMandelbrot({ ...FLOWER, ...size }))
})

test('the whole Mandelbrot set, with its inside and its far outside, too', async () => {
  const whole = {
    width: 60,
    height: 40,
    samples: 1,
    centreX: '-0.6',
    centreY: '0.01',
    viewWidth: '5.5',
    maxIterations: 80,
    paletteIterations: 20,
  }
  const picture = await network.run(mandelbrotJob(whole))
  assert.deepEqual(picture, referenceMandelbrot({ ...FLOWER, ...whole }))
  assert.deepEqual([...picture.subarray((20 * 60 + 30) * 4, (20 * 60 + 30) * 4 + 4)], [0, 0, 0, 255])
})

test('the relief of a picture is the same in blocks with overlap as in one piece', async () => {
  for (const { width, height, reach } of [
    { width: 120, height: 60, reach: 3 },
    { width: 83, height: 59, reach: 1 },
  ]) {
    const earth = smallEarth(width, height)
    assert.deepEqual(await network.run(reliefJob(earth, { reach })), referenceRelief(earth, { ...RELIEF, reach }))
  }
})

test('an overlap too small for the filter shows: the overlap matters', async () => {
  const earth = smallEarth(120, 60)
  const draft = reliefJob(earth)
  const narrow = await network.run({ ...draft, slicing: { width: 120, height: 60, overlap: 0 } })
  assert.notDeepEqual(narrow, referenceRelief(earth, RELIEF))
})

test('the SHA-256 search finds what Node’s own SHA-256 finds', async () => {
  const small = { ...SEARCH, macroJobs: 2, microJobs: 2, blocks: 2, invocations: 200, nonces: 7 }
  const result = await network.run(searchJob(small))
  assert.deepEqual(result, referenceSearch(small))
  const { counts, best } = readSearchResult(result, small)
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    8 * 1400,
  )
  assert.equal(counts[best.zeroBits]! > 0 && counts.slice(best.zeroBits + 1).every((count) => count === 0), true)
})

test('the Monte-Carlo hits are those that BigInt counts, and the volume is near the truth', async () => {
  const small = { ...MONTE_CARLO, macroJobs: 1, microJobs: 4, blocks: 2, streams: 100, points: 60 }
  const result = await network.run(monteCarloJob(small))
  assert.deepEqual(result, referenceMonteCarlo(small))
  const { volume, standardError } = volumeOf(new Uint32Array(result.buffer), small.points)
  assert.ok(Math.abs(volume - Math.PI ** 3 / 6) < 4 * standardError, `${volume} ± ${standardError}`)
})

test('the ray-traced frame is what Math.fround computes, bit by bit', async () => {
  const size = { width: 96, height: 54, samples: 2 }
  assert.deepEqual(await network.run(rayTracerJob(size)), referenceRayTracer({ ...EVENING, ...size }))
})
