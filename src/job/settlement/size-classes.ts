import { NoSizeClassError } from './errors.ts'

/** The circuits there are, by the chunk they have room for; the smaller comes first. */
export const SIZE_CLASS_NAMES = ['4x4', '5x10', '8x8', '16x16'] as const

export type SizeClassName = (typeof SIZE_CLASS_NAMES)[number]

/** The room of one circuit. */
export interface Shape {
  /** MacroJobs in a chunk. */
  macroJobs: number
  /** Processing MicroJobs in a MacroJob; at most 16, what one permutation gives ids for. */
  microJobs: number
  /** Rows of (wallet, count). More than `microJobs`, so that a single MacroJob with its validator always fits. */
  payees: number
}

export interface SizeClass extends Shape {
  name: SizeClassName
}

export const SIZE_CLASSES: Readonly<Record<SizeClassName, SizeClass>> = {
  '4x4': { name: '4x4', macroJobs: 4, microJobs: 4, payees: 8 },
  // The default Job: its MacroJobs of 10 MicroJobs would need the largest circuit otherwise.
  '5x10': { name: '5x10', macroJobs: 5, microJobs: 10, payees: 16 },
  '8x8': { name: '8x8', macroJobs: 8, microJobs: 8, payees: 16 },
  '16x16': { name: '16x16', macroJobs: 16, microJobs: 16, payees: 32 },
}

/** Blocks that a MicroJob of a paid Job may have: the elements that one permutation absorbs beside the wallet. */
export const MAX_BLOCKS = 16

export function isSizeClassName(text: string): text is SizeClassName {
  return (SIZE_CLASS_NAMES as readonly string[]).includes(text)
}

/** The smallest size class with room for such a chunk. Throws NoSizeClassError. */
export function sizeClassFor({ macroJobs, microJobs }: { macroJobs: number; microJobs: number }): SizeClass {
  const classes = SIZE_CLASS_NAMES.map((name) => SIZE_CLASSES[name])
  const found = classes.find((candidate) => macroJobs <= candidate.macroJobs && microJobs <= candidate.microJobs)
  if (found === undefined || macroJobs < 1 || microJobs < 1) throw new NoSizeClassError(macroJobs, microJobs, classes.at(-1)!.name)
  return found
}
