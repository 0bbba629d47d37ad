import { curves } from 'snarkjs'

let users = 0

/**
 * Runs what uses snarkjs' curve, and then ends the curve's worker threads, which would keep the process alive. Starting it takes half a second: inside of
 * another call it is the same one.
 */
export async function withCurve<T>(action: () => Promise<T>): Promise<T> {
  users++
  try {
    return await action()
  } finally {
    users--
    if (users === 0) {
      const curve = await curves.getCurveFromName('bn128')
      await curve.terminate()
    }
  }
}
