import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import jpeg from 'jpeg-js'
import { EXIT } from '../../src/errors.ts'
import { decodePicture } from '../../src/pictures/decode.ts'
import { encodePng } from '../../src/pictures/encode.ts'
import {
  DamagedPictureError,
  NotAPictureError,
  PictureError,
  PictureTooLargeError,
  UnsupportedPictureError,
} from '../../src/pictures/errors.ts'

const earth = readFileSync(new URL('../../node_modules/three-globe/example/img/earth-dark.jpg', import.meta.url))

const pictures = fc
  .record({ width: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 20 }), opaque: fc.boolean() })
  .chain(({ width, height, opaque }) =>
    fc.uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 }).map((rgba) => {
      if (opaque) for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255
      return { width, height, rgba }
    }),
  )

/** A small JPEG of a soft gradient. */
function smallJpeg(width = 32, height = 16): Uint8Array {
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i >> 2) % 200))
  return new Uint8Array(jpeg.encode({ width, height, data }, 80).data)
}

function png(chunks: readonly [type: string, data: Uint8Array][]): Uint8Array {
  const parts = chunks.map(([type, data]) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(8 + body.length)
    out.writeUInt32BE(data.length)
    body.copy(out, 4)
    out.writeUInt32BE(crc32(body), 4 + body.length)
    return out
  })
  return new Uint8Array(Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]))
}

function ihdr(width: number, height: number, interlace = 0): [string, Uint8Array] {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width)
  data.writeUInt32BE(height, 4)
  data.set([8, 6, 0, 0, interlace], 8)
  return ['IHDR', data]
}

const END: [string, Uint8Array] = ['IEND', new Uint8Array(0)]

test('a PNG gives back the pixels it was made of', () => {
  fc.assert(fc.property(pictures, (picture) => assert.deepEqual(decodePicture(encodePng(picture)), picture)))
})

test('a JPEG of a photograph is read as opaque RGBA', () => {
  const { width, height, rgba } = decodePicture(earth)
  assert.equal(rgba.length, width * height * 4)
  assert.ok(rgba.every((value, i) => i % 4 !== 3 || value === 255))
})

test('a picture bomb is refused from its header, before anything is decoded', () => {
  const startMs = performance.now()
  const bomb = png([ihdr(100_000, 100_000), ['IDAT', deflateSync(new Uint8Array(1024))], END])
  assert.throws(
    () => decodePicture(bomb),
    (error) => error instanceof PictureTooLargeError && error.what === 'pixels' && error.size === 10 ** 10,
  )
  const vast = smallJpeg()
  const frame = vast.findIndex((byte, i) => byte === 0xff && vast[i + 1] === 0xc0)
  vast.set([0xff, 0xff, 0xff, 0xff], frame + 5)
  assert.throws(() => decodePicture(vast), PictureTooLargeError)
  assert.throws(() => decodePicture(earth, { maxBytes: 1000 }), PictureTooLargeError)
  assert.throws(() => decodePicture(earth, { maxPixels: 1000 }), PictureTooLargeError)
  assert.ok(performance.now() - startMs < 500)
})

test('a second header is refused, whatever the first one says', () => {
  const pixel = deflateSync(new Uint8Array(5))
  assert.throws(() => decodePicture(png([ihdr(1, 1), ihdr(100_000, 100_000), ['IDAT', pixel], END])), DamagedPictureError)
  const one = smallJpeg()
  const frame = one.findIndex((byte, i) => byte === 0xff && one[i + 1] === 0xc0)
  const end = frame + 2 + ((one[frame + 2]! << 8) | one[frame + 3]!)
  const two = Uint8Array.from([...one.subarray(0, end), ...one.subarray(frame)])
  assert.throws(() => decodePicture(two), UnsupportedPictureError)
})

test('compressed data that swells beyond the picture does not fill the memory', () => {
  const swelling = deflateSync(new Uint8Array(64 * 1024 * 1024))
  assert.throws(() => decodePicture(png([ihdr(1, 1), ['IDAT', swelling], END])), DamagedPictureError)
  assert.throws(() => decodePicture(png([ihdr(1, 1, 1), ['IDAT', swelling], END])), UnsupportedPictureError)
})

test('what is no picture, or only part of one, is said to be so', () => {
  assert.throws(() => decodePicture(new Uint8Array(0)), /found an empty file/)
  assert.throws(() => decodePicture(new TextEncoder().encode('GIF89a')), NotAPictureError)
  assert.throws(() => decodePicture(earth.subarray(0, earth.length / 2)), DamagedPictureError)
  assert.throws(() => decodePicture(smallJpeg().subarray(0, 300)), DamagedPictureError)
  const whole = encodePng({ width: 9, height: 9, rgba: new Uint8Array(9 * 9 * 4) })
  assert.throws(() => decodePicture(whole.subarray(0, whole.length - 20)), DamagedPictureError)
})

test('flipped and random bytes give a picture or a PictureError of exit code usage, never anything else', () => {
  const kinds = [smallJpeg(), encodePng({ width: 9, height: 9, rgba: new Uint8Array(9 * 9 * 4).fill(77) })]
  const damaged = fc
    .record({ which: fc.nat(1), changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), cut: fc.nat() })
    .map(({ which, changes, cut }) => {
      const bytes = kinds[which]!.slice()
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      return cut % 5 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes
    })
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        const { width, height, rgba } = decodePicture(bytes, { maxPixels: 1_000_000 })
        assert.equal(rgba.length, width * height * 4)
      } catch (error) {
        assert.ok(error instanceof PictureError, String(error))
        assert.equal(error.exitCode, EXIT.usage)
      }
    }),
    { numRuns: 600 },
  )
})
