import { MAX_ITEMS } from './settings.ts'

/**
 * A MicroJob's index and its attempt in one integer: `attempt · 4096 + item`. A first attempt is thus the index itself, and what a
 * message says about an earlier attempt can never be taken for the present one.
 */
export type Slot = number

export const slotOf = (item: number, attempt: number): Slot => attempt * MAX_ITEMS + item
export const itemOf = (slot: Slot): number => slot % MAX_ITEMS
export const attemptOf = (slot: Slot): number => Math.floor(slot / MAX_ITEMS)
