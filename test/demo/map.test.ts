import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as job from '../../examples/blue-marble/job.ts'
import * as reference from '../../examples/blue-marble/reference.ts'
import { createCanvas } from '../../src/demo/canvas.ts'
import { type Example, loadPicture } from '../../src/demo/example.ts'
import { GLYPHS } from '../../src/demo/glyphs.ts'
import { drawMap } from '../../src/demo/map.ts'
import { fitSlicing } from '../../src/job/fit.ts'
import type { Picture } from '../../src/pictures/decode.ts'

const grey = (width: number, height: number): Picture => ({ width, height, rgba: new Uint8Array(width * height * 4).fill(128) })

function pixelAt({ width, rgba }: Picture, x: number, y: number): number[] {
  return [...rgba.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)]
}

test('the map shows each MicroJob in the colour of its peer, also where the picture is made smaller', () => {
  for (const width of [1000, 4000]) {
    const slicing = fitSlicing({ width, height: width / 2 })
    const computedBy = Array.from({ length: 10 }, (_, micro) => micro % 3)
    const map = drawMap({
      picture: grey(width, width / 2),
      slicing,
      title: 'Grey',
      subtitle: 'a test',
      peers: ['peer 1', 'peer 2', 'peer 3'].map((name) => ({ name, note: '' })),
      macroJobs: Array.from({ length: 5 }, () => ({ computedBy, validatedBy: 0 })),
      lost: { peer: 2, microJobs: [{ macro: 4, micro: 9 }] },
    })
    const cell = map.width / slicing.microJobsPerRow
    const middles = [0, 1, 2, 3].map((column) => pixelAt(map, Math.round((column + 0.5) * cell), Math.round(cell * 1.5)))
    assert.deepEqual(middles[0], middles[3])
    assert.equal(new Set(middles.map(String)).size, 3)
    const corner = pixelAt(map, map.width - 4, map.width / 2 - 4)
    assert.notDeepEqual(corner, middles[0], 'what was lost is marked')
    assert.ok(map.width <= 2048 && map.height > map.width / 2, 'there is a legend below')
  }
})

test('text leaves marks where it should and nowhere beyond the picture', () => {
  const canvas = createCanvas(grey(200, 40))
  const width = canvas.text('peer 12', { x: 10, y: 30 }, { size: 20, color: [255, 255, 255] })
  const marked = (x: number) => Array.from({ length: 40 }, (_, y) => pixelAt(canvas, x, y)).some(([red]) => red !== 128)
  assert.ok(width > 40 && width < 180)
  assert.ok(Array.from({ length: Math.floor(width) }, (_, x) => x + 10).filter(marked).length > width / 2)
  assert.ok(!marked(5) && !marked(Math.ceil(width) + 12))
  canvas.text('outside', { x: 190, y: 500 }, { size: 20, color: [0, 0, 0] })
  for (const [letter, strokes] of Object.entries(GLYPHS))
    assert.match(strokes, /^[-~o](?:[0-9a-f]{2})+(?: [-~o](?:[0-9a-f]{2})+)*$/, letter)
})

test('the demo computes the example of examples/, and has a small picture for it', async () => {
  const example: Example = { ...job, ...reference }
  const picture = await loadPicture({ small: true })
  assert.deepEqual([picture.width, picture.height], [1024, 512])
  assert.equal(example.reliefJob(picture).data?.length, picture.rgba.length)
})
