import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { BLUE_MARBLE, RELIEF, reliefJob } from '../examples/blue-marble/job.ts'
import { referencePicture } from '../examples/blue-marble/reference.ts'
import { makeDirectory } from '../src/directories-node.ts'
import { localJobInfo } from '../src/job/local-run.ts'
import { tileOf } from '../src/job/slice.ts'
import { decodePicture, type Picture } from '../src/pictures/decode.ts'
import { encodeIndexedPng } from './pictures/indexed-png.ts'
import { scaleDown } from './pictures/scale.ts'

/*
 * `docs/images/blue-marble-job.png` for the README: the Blue Marble Job half-way. Each tile is a MicroJob, each row of ten a MacroJob:
 * finished ones show the relief map, framed in their peer's colour; bright frames are being computed; the dark ones wait.
 */

type Rgb = readonly [number, number, number]

const FACTOR = 4
const PEERS: readonly Rgb[] = [
  [255, 122, 89],
  [255, 205, 84],
  [94, 220, 178],
  [173, 140, 255],
]
const DONE = 29
const AT_WORK = 6

const earth = decodePicture(readFileSync(BLUE_MARBLE))
const result = scaleDown({ ...earth, rgba: referencePicture(earth, RELIEF) }, FACTOR)
const picture = scaleDown(earth, FACTOR)
const { slicing } = localJobInfo(reliefJob(earth))

for (const [place, { macro, micro }] of order().entries()) {
  const state = place < DONE ? 'done' : place < DONE + AT_WORK ? 'at-work' : 'open'
  drawTile(tile(macro, micro), state, PEERS[(place * 7 + macro) % PEERS.length]!)
}

const IMAGES = resolve(import.meta.dirname, '../docs/images')
await makeDirectory(IMAGES)
const bytes = encodeIndexedPng(picture)
writeFileSync(resolve(IMAGES, 'blue-marble-job.png'), bytes)
console.log(`${picture.width}×${picture.height}, ${Math.round(bytes.length / 1024)} KiB`)

/** The MicroJobs in the order that peers might take them: about MacroJob by MacroJob. */
function order(): { macro: number; micro: number }[] {
  const all = Array.from({ length: slicing.macroJobs * slicing.microJobs }, (_, i) => {
    const macro = Math.floor(i / slicing.microJobs)
    const micro = i % slicing.microJobs
    return { macro, micro, when: macro * 0.55 + (((micro * 37 + macro * 17) % 101) / 101) * 1.6 }
  })
  return all.sort((a, b) => a.when - b.when)
}

/** Pixels of the small picture that a MicroJob covers. */
function tile(macro: number, micro: number) {
  const { block, width, height } = slicing.output
  const first = tileOf(slicing, { macro, micro, block: 0 })
  const last = tileOf(slicing, { macro, micro, block: slicing.blocks - 1 })
  return {
    left: Math.round((first.column * block.width) / FACTOR),
    top: Math.round((first.row * block.height) / FACTOR),
    right: Math.round(Math.min((last.column + 1) * block.width, width) / FACTOR),
    bottom: Math.round(Math.min((last.row + 1) * block.height, height) / FACTOR),
  }
}

function drawTile({ left, top, right, bottom }: ReturnType<typeof tile>, state: 'done' | 'at-work' | 'open', peer: Rgb): void {
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const edge = Math.min(x - left, y - top, right - 1 - x, bottom - 1 - y)
      const at = (y * picture.width + x) * 4
      const grey = (picture.rgba[at]! + picture.rgba[at + 1]! + picture.rgba[at + 2]!) / 3
      for (let c = 0; c < 3; c++)
        picture.rgba[at + c] = shade(state, edge, {
          photograph: picture.rgba[at + c]!,
          relief: relief(result, at + c),
          grey,
          peer: peer[c]!,
        })
    }
  }
}

function relief({ rgba }: Picture, at: number): number {
  return rgba[at]!
}

interface Light {
  photograph: number
  relief: number
  grey: number
  peer: number
}

/** One channel of one pixel, `edge` pixels inside its tile. */
function shade(state: 'done' | 'at-work' | 'open', edge: number, { photograph, relief, grey, peer }: Light): number {
  const dim = 0.42 * (0.6 * photograph + 0.4 * grey) + 6
  const mix = (a: number, b: number, t: number) => Math.round(a + (b - a) * t)
  if (state === 'done') return edge < 1 ? mix(relief, 0, 0.45) : edge < 3 ? mix(relief, peer, 0.75) : relief
  if (state === 'open') return edge < 1 ? mix(dim, 0, 0.45) : Math.round(dim)
  return edge < 1 ? mix(dim, 0, 0.45) : edge < 4 ? peer : mix(dim * 1.5, peer, 0.16)
}
