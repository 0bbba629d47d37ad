import jpeg from 'jpeg-js'
import { PNG } from 'pngjs'
import { DamagedPictureError, PictureError, PictureTooLargeError } from './errors.ts'
import { type PictureHeader, readHeader } from './header.ts'

/** A picture as 8-bit RGBA, rows from the top. */
export interface Picture {
  width: number
  height: number
  rgba: Uint8Array
}

export interface DecodeOptions {
  /** @default 64 MiB, twice the largest pictures that NASA publishes as JPEG */
  maxBytes?: number
  /** @default 40 million, above 8K (33 million); the JPEG decoder needs about 20 bytes for each */
  maxPixels?: number
}

const MEBIBYTE = 1024 * 1024

/**
 * The pixels of a JPEG or PNG file; transparency is kept, JPEG pixels are opaque. The size is checked before anything is decoded.
 * Throws NotAPictureError, PictureTooLargeError, UnsupportedPictureError, DamagedPictureError.
 */
export function decodePicture(bytes: Uint8Array, { maxBytes = 64 * MEBIBYTE, maxPixels = 40_000_000 }: DecodeOptions = {}): Picture {
  if (bytes.length > maxBytes) throw new PictureTooLargeError('bytes', bytes.length, maxBytes)
  const header = readHeader(bytes)
  const pixels = header.width * header.height
  if (pixels > maxPixels) throw new PictureTooLargeError('pixels', pixels, maxPixels)
  const picture = decode(bytes, header, pixels)
  if (picture.width === header.width && picture.height === header.height && picture.rgba.length === pixels * 4) return picture
  throw new DamagedPictureError(`has ${picture.width}×${picture.height} pixels, its header says ${header.width}×${header.height}`)
}

function decode(bytes: Uint8Array, { kind }: PictureHeader, pixels: number): Picture {
  try {
    return kind === 'png' ? decodePng(bytes) : decodeJpeg(bytes, pixels)
  } catch (error) {
    if (error instanceof PictureError) throw error
    throw new DamagedPictureError(`cannot be decoded (${error instanceof Error ? error.message : String(error)})`, error)
  }
}

function decodePng(bytes: Uint8Array): Picture {
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}

function decodeJpeg(bytes: Uint8Array, pixels: number): Picture {
  // Three whole channels of 32-bit coefficients and of samples, the result, and the tables: what a picture of this size can need.
  const maxMemoryUsageInMB = Math.ceil((pixels * 32) / MEBIBYTE) + 64
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: false,
    maxResolutionInMP: Math.ceil(pixels / 1e6),
    maxMemoryUsageInMB,
  })
  return { width, height, rgba: data }
}
