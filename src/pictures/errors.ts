import { EXIT, MingaError } from '../errors.ts'

/** A picture that cannot be used; `found` completes the sentence "a picture that …" or says what stands there instead. */
export abstract class PictureError extends MingaError {
  readonly exitCode = EXIT.usage
  readonly found: string

  constructor(expected: string, found: string, hint: string, cause?: unknown) {
    super({ message: `expected ${expected}, found ${found}`, hint, cause })
    this.found = found
  }
}

/** The bytes are neither JPEG nor PNG. */
export class NotAPictureError extends PictureError {
  override readonly name = 'NotAPictureError'
  constructor(found = 'another kind of file') {
    super('a JPEG or PNG picture', found, 'convert it to one of them, or give its raw bytes as data')
  }
}

/** The file, or the picture that its header promises, is larger than may be decoded. */
export class PictureTooLargeError extends PictureError {
  override readonly name = 'PictureTooLargeError'
  readonly what: 'bytes' | 'pixels'
  readonly size: number
  readonly limit: number

  constructor(what: 'bytes' | 'pixels', size: number, limit: number) {
    super(`a picture of at most ${limit} ${what}`, `a picture that has ${size}`, 'make it smaller, or give its raw bytes as data')
    this.what = what
    this.size = size
    this.limit = limit
  }
}

/** The header is that of a picture, what follows cannot be decoded. */
export class DamagedPictureError extends PictureError {
  override readonly name = 'DamagedPictureError'
  constructor(why: string, cause?: unknown) {
    super('a whole picture', `a picture that ${why}`, 'open it in an image program and save it again', cause)
  }
}

/** A kind of picture that is legal but not read here. */
export class UnsupportedPictureError extends PictureError {
  override readonly name = 'UnsupportedPictureError'
  constructor(why: string) {
    super('a baseline or progressive JPEG, or a PNG without interlacing', `a picture that ${why}`, 'save it in a plainer form')
  }
}
