import { DeviceFault } from './guard.ts'

/** Sizes are rounded up to this, so that blocks of about one size share buffers. */
const GRAIN_BYTES = 64 * 1024

/** A buffer is used again for a need of at least this part of it: a huge one is not held by a tiny block. */
const MIN_FILL = 0.25

export interface BufferPool {
  /** A buffer of at least `bytes`, its content unspecified. Throws DeviceFault('memory') beyond the pool's cap. */
  take(usage: GPUBufferUsageFlags, bytes: number): GPUBuffer
  /** Gives a buffer back for reuse. */
  give(buffer: GPUBuffer): void
}

/**
 * Buffers used again and again, never more than `maxBytes` in all. The driver allocates lazily and would let a stranger's job run the
 * machine out of memory, so the budget is ours to keep.
 */
export function createBufferPool(device: GPUDevice, maxBytes: number): BufferPool {
  const idle: GPUBuffer[] = []
  let totalBytes = 0

  const drop = (buffer: GPUBuffer) => {
    totalBytes -= buffer.size
    buffer.destroy()
  }

  return {
    take(usage, bytes) {
      const fits = (buffer: GPUBuffer) => buffer.usage === usage && buffer.size >= bytes && bytes >= (buffer.size - GRAIN_BYTES) * MIN_FILL
      const found = idle.findLastIndex(fits)
      if (found >= 0) return idle.splice(found, 1)[0]!
      const rounded = Math.ceil(bytes / GRAIN_BYTES) * GRAIN_BYTES
      const size = rounded <= device.limits.maxBufferSize ? rounded : bytes
      while (totalBytes + size > maxBytes && idle.length > 0) drop(idle.shift()!)
      if (totalBytes + size > maxBytes) throw new DeviceFault('memory', `${totalBytes + size} bytes of buffers needed, ${maxBytes} allowed`)
      const buffer = device.createBuffer({ usage, size })
      totalBytes += size
      return buffer
    },
    give(buffer) {
      idle.push(buffer)
    },
  }
}
