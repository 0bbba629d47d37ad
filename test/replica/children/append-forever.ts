/**
 * Appends without end to a log in the directory it is given, and prints each key once its append has resolved. Killed by the test.
 * `node append-forever.ts <directory> <hex of a private key> <prefix of keys>`
 */
import { createSigner } from '../../../src/network/signatures-node.ts'
import { openLevelStore } from '../../../src/replica/store-level.ts'
import { createFakeNetwork } from '../../fakes/network.ts'
import { record, startPeer } from '../support.ts'

const [path, privateKey, prefix] = process.argv.slice(2) as [string, string, string]
const store = await openLevelStore({ path })
const { replica } = await startPeer(createFakeNetwork(), { store, signer: createSigner(Buffer.from(privateKey, 'hex')) })
const log = await replica.open('job')
for (let round = 0; ; round++) {
  const keys = Array.from({ length: 1 + (round % 150) }, (_, i) => `${prefix}/${round}/${i}`)
  await log.append(keys.map((key) => record(key)))
  process.stdout.write(`${keys.at(-1)} ${keys.length}\n`)
}
