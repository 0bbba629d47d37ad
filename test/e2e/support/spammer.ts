/** A process that publishes one well-formed message as fast as it can, until it is killed: `node spammer.ts <victim's peer id> <its address>`. */
import { setImmediate } from 'node:timers/promises'
import { jobsCodec } from '../../../src/protocol/messages.ts'
import { jobsTopic } from '../../../src/protocol/topics.ts'
import { startAttacker } from './attacker.ts'

const [peer = '', address = ''] = process.argv.slice(2)
const attacker = await startAttacker({ after: () => {} }, { peer, addresses: [address] })
await attacker.topic((topic) => topic === jobsTopic)
const query = jobsCodec.encode({ type: 'open-jobs-query' })
process.stdout.write(`${JSON.stringify({ event: 'ready' })}\n`)
for (;;) {
  for (let count = 0; count < 50; count++) await attacker.publish(jobsTopic, query)
  await setImmediate()
}
