/** The entry of the prover's process: one proof, then its end. snarkjs' memory and licence stay in here. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { curves, type MemoryFile, wtns } from 'snarkjs'
import { proveGroth16 } from './groth16/prove.ts'
import type { FromProver, PinnedFile, ProveRequest } from './messages.ts'

/** The most of a vendor's text that is passed on. */
const MAX_REASON_CHARS = 500

// Whoever asked is gone, however it went.
process.on('disconnect', () => process.exit(1))
process.once('message', (request: ProveRequest) => {
  prove(request)
    .catch((error: Error) => send({ kind: 'failed', reason: brief(error) }))
    .finally(() => process.exit(0))
})
await send({ kind: 'ready' })

/** Resolves when the message has left: an exit right after would lose it. */
function send(message: FromProver): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()))
}

async function prove({ wasm, zkey, input }: ProveRequest): Promise<void> {
  send({ kind: 'step', step: 'artifacts' })
  const files = [await load(wasm), await load(zkey)]
  const [program, key] = files
  if (program === undefined || key === undefined) return
  send({ kind: 'step', step: 'witness' })
  const witness: MemoryFile = { type: 'mem' }
  try {
    await wtns.calculate(input, program, witness)
  } catch (error) {
    return send({ kind: 'refused', reason: brief(error as Error) })
  }
  send({ kind: 'step', step: 'polynomials' })
  const curve = await curves.getCurveFromName('bn128', { singleThread: true })
  await send({ kind: 'proof', ...(await proveGroth16(curve, key, witness.data!, () => send({ kind: 'step', step: 'points' }))) })
}

/** The file's bytes, which are those that were hashed: nobody can exchange it in between. Undefined where it was refused, which was then said. */
async function load({ path, sha256 }: PinnedFile): Promise<Uint8Array | undefined> {
  const refuse = (found: string) => send({ kind: 'wrong-artifact', path, expected: sha256, found }).then(() => undefined)
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    return refuse((error as NodeJS.ErrnoException).code ?? 'no file')
  }
  const found = createHash('sha256').update(bytes).digest('hex')
  return found === sha256 ? bytes : refuse(found)
}

function brief(error: Error): string {
  return String(error.message ?? error)
    .replaceAll(/\s+/g, ' ')
    .slice(0, MAX_REASON_CHARS)
}
