/**
 * Runs a script and tells what is wrong in its own words, with 2, as `npm run deploy` does: a stack is of no use to whoever mistyped an argument or named a wrong
 * file. A mistake of ours is thrown on, stack and all.
 */
export async function telling(script: () => Promise<void>): Promise<void> {
  try {
    await script()
  } catch (error) {
    if (!(error instanceof Error) || !(error.constructor === Error || 'code' in error)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}
