import { DamagedPictureError, NotAPictureError, UnsupportedPictureError } from './errors.ts'

export interface PictureHeader {
  kind: 'jpeg' | 'png'
  width: number
  height: number
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/**
 * Kind and size of a picture, read from its markers alone. All of the file is walked, since a second header further on would make
 * a decoder allocate anew. Throws NotAPictureError, DamagedPictureError, UnsupportedPictureError.
 */
export function readHeader(bytes: Uint8Array): PictureHeader {
  const header = isPng(bytes) ? pngHeader(bytes) : isJpeg(bytes) ? jpegHeader(bytes) : undefined
  if (header === undefined) throw new NotAPictureError(bytes.length === 0 ? 'an empty file' : undefined)
  if (header.width === 0 || header.height === 0) throw new DamagedPictureError('has no pixels')
  return header
}

function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff
}

/** PNG, third edition, section 5: chunks of length, type, data and CRC; IHDR is the first and the only one of its kind. */
function pngHeader(bytes: Uint8Array): PictureHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let header: PictureHeader | undefined
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    if (at + 12 + length > bytes.length) break
    if ((type === 'IHDR') !== (header === undefined)) throw new DamagedPictureError('has its header in the wrong place')
    if (type === 'IHDR') {
      if (length !== 13) throw new DamagedPictureError('has a malformed header')
      if (bytes[at + 8 + 12] !== 0) throw new UnsupportedPictureError('is an interlaced PNG')
      header = { kind: 'png', width: view.getUint32(at + 8), height: view.getUint32(at + 12) }
    }
    if (type === 'IEND') return header!
    at += 12 + length
  }
  throw new DamagedPictureError('ends too early')
}

/** ITU-T T.81, B.1: markers with the length of what follows, and entropy-coded data behind SOS up to the next marker. */
function jpegHeader(bytes: Uint8Array): PictureHeader {
  let header: PictureHeader | undefined
  for (let at = nextMarker(bytes, 2); at + 1 < bytes.length; ) {
    const marker = bytes[at + 1]!
    if (marker === EOI && header !== undefined) return header
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
    if (length < 2 || at + 2 + length > bytes.length) break
    if (isFrame(marker)) {
      if (header !== undefined) throw new UnsupportedPictureError('has more than one frame')
      header = frameOf(bytes, at, marker, length)
    }
    at = nextMarker(bytes, at + 2 + length)
  }
  throw new DamagedPictureError('ends too early')
}

const EOI = 0xd9

/** SOF0 … SOF15, among which DHT, JPG and DAC have their numbers. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

function frameOf(bytes: Uint8Array, at: number, marker: number, length: number): PictureHeader {
  if (length < 8) throw new DamagedPictureError('has a malformed header')
  if (marker > 0xc2) throw new UnsupportedPictureError('is a lossless, hierarchical or arithmetic-coded JPEG')
  if (bytes[at + 4] !== 8) throw new UnsupportedPictureError(`has ${bytes[at + 4]} bits a channel`)
  const components = bytes[at + 9]!
  if (components !== 1 && components !== 3) throw new UnsupportedPictureError(`has ${components} channels`)
  return { kind: 'jpeg', height: (bytes[at + 5]! << 8) | bytes[at + 6]!, width: (bytes[at + 7]! << 8) | bytes[at + 8]! }
}

/** The position of the next marker from `at` on: 0xff followed by neither a stuffed zero, nor a restart, nor filling. */
function nextMarker(bytes: Uint8Array, at: number): number {
  for (let i = bytes.indexOf(0xff, at); i >= 0; i = bytes.indexOf(0xff, i + 1)) {
    const next = bytes[i + 1]
    if (next !== undefined && next !== 0x00 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return i
  }
  return bytes.length
}
