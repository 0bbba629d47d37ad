import { curves } from 'snarkjs'

/** Runs what uses snarkjs' curve, and then ends the curve's worker threads, which would keep the process alive. */
export async function withCurve<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } finally {
    const curve = await curves.getCurveFromName('bn128')
    await curve.terminate()
  }
}
