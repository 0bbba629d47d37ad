import { readFileSync } from 'node:fs'
import type { JobDraft } from '../../src/job/draft.ts'

export interface MandelbrotView {
  width: number
  height: number
  /** Centre and width of the view, as decimal fractions: more digits than a double holds are kept. */
  centreX: string
  centreY: string
  viewWidth: string
  maxIterations: number
  /** Samples along each axis of a pixel. */
  samples: number
  /** Iterations until the colours come again. */
  paletteIterations: number
  /** Where in the cycle of colours iteration 0 stands, from 0 to 1. */
  paletteStart: number
}

/** A flower of spirals, magnified 3 · 10¹¹ times: pixels lie 2 · 10⁻¹⁴ apart, far closer than single precision can tell. */
export const FLOWER: MandelbrotView = {
  width: 640,
  height: 360,
  centreX: '0.360240443437614363236125244449545308',
  centreY: '-0.641313061064803174860375015179302066',
  viewWidth: '0.00000000001',
  maxIterations: 3000,
  samples: 1,
  paletteIterations: 120,
  paletteStart: 0.08,
}

/** A decimal fraction as Q4.60, rounded toward zero. */
export function q60(decimal: string): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal)!
  const value = (BigInt(whole + fraction) << 60n) / 10n ** BigInt(fraction.length)
  return sign === '-' ? -value : value
}

/** The Job of a view, or of the same view in another size. */
export function mandelbrotJob(changes: Partial<MandelbrotView> = {}): JobDraft {
  const view = { ...FLOWER, ...changes }
  const halfStep = q60(view.viewWidth) / BigInt(2 * view.width * view.samples)
  return {
    name: 'Mandelbrot deep zoom',
    code: readFileSync(new URL('shader.wgsl', import.meta.url), 'utf8'),
    slicing: { width: view.width, height: view.height },
    params: [
      ...words(q60(view.centreX)),
      ...words(q60(view.centreY)),
      ...words(halfStep),
      view.maxIterations,
      view.samples,
      Math.floor(2 ** 32 / view.paletteIterations),
      Math.floor(view.paletteStart * 65_536),
    ],
  }
}

/** A 64-bit two's complement value as two words, the low one first. */
function words(value: bigint): [number, number] {
  const bits = BigInt.asUintN(64, value)
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)]
}
