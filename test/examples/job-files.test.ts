import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { reliefJob } from '../../examples/blue-marble/job.ts'
import { mandelbrotJob } from '../../examples/mandelbrot/job.ts'
import { monteCarloJob } from '../../examples/monte-carlo/job.ts'
import { rayTracerJob } from '../../examples/ray-tracer/job.ts'
import { searchJob } from '../../examples/sha256-search/job.ts'
import type { JobDraft } from '../../src/job/draft.ts'
import { parseJobFile } from '../../src/job/job-file.ts'
import { localJobInfo } from '../../src/job/local-run.ts'
import { decodePicture } from '../../src/pictures/decode.ts'
import { readHeader } from '../../src/pictures/header.ts'

const examples = new URL('../../examples/', import.meta.url)

/** The draft of `examples/<name>/job.json`, its files read as `minga place` reads them. */
function draftOf(name: string): JobDraft {
  const folder = new URL(`${name}/`, examples)
  const file = parseJobFile(JSON.parse(readFileSync(new URL('job.json', folder), 'utf8')))
  const picture = file.data && decodePicture(readFileSync(new URL(file.data.file, folder)))
  return file.toDraft(readFileSync(new URL(file.codeFile, folder), 'utf8'), picture && { bytes: picture.rgba, picture })
}

const jobs: Record<string, () => JobDraft> = {
  mandelbrot: () => mandelbrotJob(),
  'sha256-search': () => searchJob(),
  'monte-carlo': () => monteCarloJob(),
  'ray-tracer': () => rayTracerJob(),
  'blue-marble': () => {
    const data = draftOf('blue-marble').data!
    return reliefJob({ width: 1024, height: 512, rgba: data }, { reach: 1 })
  },
}

for (const [name, job] of Object.entries(jobs)) {
  test(`${name}: job.json is the Job that job.ts makes`, () => {
    assert.deepEqual(localJobInfo(draftOf(name)), localJobInfo(job()))
  })

  test(`${name}: job.json names files that are beside it, as they are in the installed package`, () => {
    const { code, data } = JSON.parse(readFileSync(new URL(`${name}/job.json`, examples), 'utf8'))
    for (const file of [code, data?.picture ?? data?.file].filter(Boolean))
      assert.ok(existsSync(new URL(`${name}/${file}`, examples)) && !file.includes('..'))
  })

  test(`${name}: the default shape, a README, and a picture of a presentable size`, () => {
    const { slicing } = localJobInfo(job())
    assert.deepEqual([slicing.macroJobs, slicing.microJobs, slicing.blocks], [5, 10, 16])
    const picture = new URL(`${name}/picture.png`, examples)
    assert.ok(statSync(picture).size < 400 * 1024)
    assert.ok(readHeader(readFileSync(picture)).width >= 640)
    assert.ok(existsSync(new URL(`${name}/README.md`, examples)))
  })
}

test('every folder with a shader is tested', () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/shader.wgsl`, examples)),
  )
  assert.deepEqual(folders.map(({ name }) => name).sort(), Object.keys(jobs).sort())
})
