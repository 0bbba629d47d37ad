import type { Curve } from 'snarkjs'

/** Of the curve's operations on single numbers and points. */
const SCRATCH_BYTES = 1 << 16

const PAGE_BYTES = 1 << 16

/** Room in the memory of the curve's WebAssembly, by address. */
export interface Arena {
  /** The address of `bytes` bytes, 0 at first or whatever was there. Whatever was handed out before stays where it is. */
  take(bytes: number): number
  /** The address of a copy of these bytes. */
  put(bytes: Uint8Array): number
  /** A copy of what stands at this address. */
  get(at: number, bytes: number): Uint8Array
  /** Sets bytes to 0. */
  clear(at: number, bytes: number): void
  /** Runs `use`; what it took is free again after it. */
  within<T>(use: () => T): T
}

/** The curve's allocator never grows its memory: this one does. `scratchBytes` is what the operations in use take above what was allocated. */
export function createArena({ tm }: Curve, { scratchBytes = SCRATCH_BYTES } = {}): Arena {
  const take = (bytes: number) => {
    const at = tm.alloc(bytes)
    const missing = at + bytes + scratchBytes - tm.memory.buffer.byteLength
    if (missing > 0) {
      tm.memory.grow(Math.ceil(missing / PAGE_BYTES))
      tm.u8 = new Uint8Array(tm.memory.buffer)
      tm.u32 = new Uint32Array(tm.memory.buffer)
    }
    return at
  }
  return {
    take,
    put(bytes) {
      const at = take(bytes.length)
      tm.u8.set(bytes, at)
      return at
    },
    get: (at, bytes) => tm.u8.slice(at, at + bytes),
    clear: (at, bytes) => tm.u8.fill(0, at, at + bytes),
    within(use) {
      const free = tm.u32[0]!
      try {
        return use()
      } finally {
        tm.u32[0] = free
      }
    },
  }
}
