import { PictureUnreadableError } from './errors.ts'
import type { PictureSize } from './ports.ts'

/** 16,384 × 16,384: a bigger picture would be more than a GiB of RGBA, which is the most a peer takes of one file. */
const MAX_PIXELS = 2 ** 28

export interface Picture extends PictureSize {
  /** Rows of 4 bytes a pixel, top row first. */
  rgba: Uint8Array
}

/** The pixels of a PNG or JPEG file. Throws PictureUnreadableError, also for a size that would fill the memory, before it is decoded. */
export async function decodePicture(path: string, bytes: Uint8Array): Promise<Picture> {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8
  if (!isPng && !isJpeg) throw new PictureUnreadableError(path, 'another kind of file')
  try {
    return isPng ? await decodePng(path, bytes) : await decodeJpeg(bytes)
  } catch (error) {
    if (error instanceof PictureUnreadableError) throw error
    throw new PictureUnreadableError(path, `a damaged or too large one (${(error as Error).message})`, error)
  }
}

async function decodePng(path: string, bytes: Uint8Array): Promise<Picture> {
  const { PNG } = (await import('pngjs')).default
  // The header stands at a fixed place; a few bytes may promise a picture that no memory holds.
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const pixels = header.getUint32(16) * header.getUint32(20)
  if (pixels > MAX_PIXELS) throw new PictureUnreadableError(path, `one of ${pixels} pixels, more than ${MAX_PIXELS}`)
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes))
  return { width, height, rgba: new Uint8Array(data) }
}

async function decodeJpeg(bytes: Uint8Array): Promise<Picture> {
  const { decode } = (await import('jpeg-js')).default
  const limits = { maxResolutionInMP: MAX_PIXELS / 1e6, maxMemoryUsageInMB: 4096 }
  const { width, height, data } = decode(bytes, { useTArray: true, formatAsRGBA: true, tolerantDecoding: false, ...limits })
  return { width, height, rgba: data }
}

/** The picture as a PNG file. */
export async function encodePng({ width, height, rgba }: Picture): Promise<Uint8Array> {
  const { PNG } = (await import('pngjs')).default
  const png = new PNG({ width, height })
  png.data.set(rgba)
  return PNG.sync.write(png)
}
