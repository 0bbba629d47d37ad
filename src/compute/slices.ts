/** The first dispatch of a program that was never measured, in workgroups: small, as nothing is known of its cost. */
const FIRST_WORKGROUPS = 16

/** A dispatch is at most so many times the one before: cost differs from place to place (a Mandelbrot's edge and its inside). */
const MAX_GROWTH = 4

export interface SliceInput {
  /** Invocations left. */
  left: number
  /** Of the program: invocations per millisecond as last measured. */
  rate: number | undefined
  /** Invocations of this block's previous dispatch; 0 for its first. */
  previous: number
  workgroupSize: number
  maxWorkgroups: number
  targetMs: number
}

/** Invocations of the next dispatch: whole workgroups, except at the end of the block. */
export function nextSlice({ left, rate, previous, workgroupSize, maxWorkgroups, targetMs }: SliceInput): number {
  const wished = rate === undefined ? FIRST_WORKGROUPS * workgroupSize : rate * targetMs
  const grown = previous === 0 ? wished : Math.min(wished, previous * MAX_GROWTH)
  const workgroups = Math.min(Math.max(1, Math.floor(grown / workgroupSize)), maxWorkgroups)
  return Math.min(left, workgroups * workgroupSize)
}
