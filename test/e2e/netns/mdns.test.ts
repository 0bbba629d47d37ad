/** Peers of one house find each other by multicast: nobody is named to them. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Line } from '../support/process.ts'
import { noLab } from './support/lab.ts'
import { startLabNetwork } from './support/lab-network.ts'

it('two peers in one network meet by mDNS, without any bootstrap node', { skip: noLab }, async (t) => {
  const network = await startLabNetwork(t)
  const hosts = await Promise.all([network.lab.addHost('one', '192.168.7.1'), network.lab.addHost('two', '192.168.7.2')])
  const [one, two] = await Promise.all(hosts.map((host) => network.startPeer(host, { args: ['--compute-device', 'off', '--mdns'] })))
  assert.ok(one && two)
  const meets = (other: string) => (line: Line) => line.msg === 'discovered peer connected' && line.peer === other
  await Promise.all([one.line(meets(two.peer)), two.line(meets(one.peer))])
})
