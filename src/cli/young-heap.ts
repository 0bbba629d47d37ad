import { setFlagsFromString } from 'node:v8'

/**
 * Runs `start` without letting V8's young generation grow. Loading the core survives collections like nothing that comes after it, and V8 never
 * gives back the 60 MiB that it takes for that. Afterwards it grows again as the work asks for it.
 */
export async function withSmallYoungHeap<T>(start: () => Promise<T>): Promise<T> {
  setFlagsFromString('--semi-space-growth-factor=1')
  try {
    return await start()
  } finally {
    setFlagsFromString('--semi-space-growth-factor=2')
  }
}
