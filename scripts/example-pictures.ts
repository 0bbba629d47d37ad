import { readFileSync, writeFileSync } from 'node:fs'
import { BLUE_MARBLE, reliefJob } from '../examples/blue-marble/job.ts'
import { mandelbrotJob } from '../examples/mandelbrot/job.ts'
import { MONTE_CARLO, monteCarloJob } from '../examples/monte-carlo/job.ts'
import { drawRuns } from '../examples/monte-carlo/picture.ts'
import { rayTracerJob } from '../examples/ray-tracer/job.ts'
import { readSearchResult, SEARCH, searchJob } from '../examples/sha256-search/job.ts'
import { drawSearch } from '../examples/sha256-search/picture.ts'
import { createCompute } from '../src/compute/compute.ts'
import type { JobDraft } from '../src/job/draft.ts'
import { runDraftLocally } from '../src/job/local-run.ts'
import { silentLogger } from '../src/log.ts'
import { decodePicture, type Picture } from '../src/pictures/decode.ts'
import { encodePng } from '../src/pictures/encode.ts'
import { encodeIndexedPng } from './pictures/indexed-png.ts'
import { scaleDown } from './pictures/scale.ts'

/*
 * Computes `examples/<name>/picture.png` on this machine: `node scripts/example-pictures.ts [name…]`, all of them where none is named.
 */

/** What a picture in the repository may take. */
const MAX_BYTES = 400 * 1024

const pictures: Record<string, (run: (draft: JobDraft) => Promise<Uint8Array>) => Promise<Picture>> = {
  mandelbrot: async (run) => {
    const size = { width: 640, height: 360 }
    return { ...size, rgba: await run(mandelbrotJob({ ...size, samples: 3 })) }
  },
  'blue-marble': async (run) => {
    const earth = decodePicture(readFileSync(BLUE_MARBLE))
    return scaleDown({ ...earth, rgba: await run(reliefJob(earth)) }, 4)
  },
  'sha256-search': async (run) => drawSearch(readSearchResult(await run(searchJob()), SEARCH)),
  'monte-carlo': async (run) => drawRuns(new Uint32Array((await run(monteCarloJob())).buffer), MONTE_CARLO),
  'ray-tracer': async (run) => {
    const size = { width: 960, height: 540 }
    return { ...size, rgba: await run(rayTracerJob({ ...size, samples: 3 })) }
  },
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(pictures)
const compute = await createCompute({ logger: silentLogger })
for (const name of names) {
  const startMs = performance.now()
  const picture = await pictures[name]!((draft) => runDraftLocally(draft, compute))
  const whole = encodePng(picture)
  const bytes = whole.length > MAX_BYTES ? encodeIndexedPng(picture) : whole
  writeFileSync(new URL(`../examples/${name}/picture.png`, import.meta.url), bytes)
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  console.log(`${name}: ${picture.width}×${picture.height}, ${Math.round(bytes.length / 1024)} KiB, ${seconds} s`)
}
await compute.stop()
