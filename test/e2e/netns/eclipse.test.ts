/** FAULTS 41: a crowd in one subnet surrounds a peer. It gets a bounded part of the connections, and where it is all that is left, the operator hears of it. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { defaultLimits } from '../../../src/network/limits.ts'
import { startProcess } from '../support/process.ts'
import { noLab } from './support/lab.ts'
import { startLabNetwork } from './support/lab-network.ts'

const CROWD = fileURLToPath(new URL('./support/crowd.ts', import.meta.url))
const OFF = ['--compute-device', 'off']

it('an eclipse', { skip: noLab }, async (t) => {
  const network = await startLabNetwork(t)
  const { lab } = network
  const [seed, friend, victim, attacker] = await Promise.all([
    lab.addHost('seed', '192.0.2.1'),
    lab.addHost('friend', '203.0.113.1'),
    lab.addHost('victim', '198.51.100.1'),
    lab.addHost('attacker', '198.18.7.1'),
  ])
  const crowd = (...args: string[]) => {
    const process = startProcess(CROWD, [attacker.ip, ...args], { within: attacker.within })
    t.after(() => process.kill())
    return process
  }
  const bootstrap = await network.startBootstrap(seed)
  const options = { bootstrap: bootstrap.addresses, args: OFF }
  const honest = await network.startPeer(friend, options)
  const strangers = crowd('24', bootstrap.addresses[0] as string)
  await strangers.line(({ event }) => event === 'ready')

  const peer = await network.startPeer(victim, options)
  // The seed names members of the topic, and most of these are of the crowd.
  await strangers.line((line) => line.event === 'inbound' && line.peer === peer.peer)
  // Whoever dials the victim itself is let in, and changes nothing.
  await crowd('4', peer.addresses[0] as string).line(({ event }) => event === 'ready')

  await bootstrap.kill()
  await honest.kill()
  const { subnet } = await peer.line(({ level, msg }) => level === 'warn' && String(msg).startsWith('all connections lie in one subnet'))
  assert.equal(subnet, '198.18.7.0/24')
  const dialled = strangers.printed.filter((line) => line.event === 'inbound' && line.peer === peer.peer).length
  t.diagnostic(`the victim has dialled ${dialled} of the crowd`)
  assert.ok(dialled <= defaultLimits.maxOutboundPerSubnet, `${dialled} connections into the crowd's subnet`)

  const back = peer.line(({ msg }) => msg === 'connections lie in more than one subnet again', { onlyNew: true })
  await network.startBootstrap(seed)
  await back
})
