import { createServer } from 'node:net'
import type { Config } from '../../config.ts'
import type { Check } from './check.ts'

/** Whether each listen address is free now. */
export async function checkPorts({ listen }: Config): Promise<Check> {
  const results = await Promise.all(listen.map(async (address) => ({ address, fault: await tryListen(address) })))
  const facts = { listen: results }
  const broken = results.filter(({ fault }) => fault !== undefined)
  if (listen.length === 0) return { name: 'ports', status: 'ok', found: 'none: this peer only dials out', facts }
  if (broken.length === 0) return { name: 'ports', status: 'ok', found: `${listen.join(', ')} free`, facts }
  const found = broken.map(({ address, fault }) => `${address}: ${fault}`).join('; ')
  return {
    name: 'ports',
    status: 'fail',
    found,
    fix: 'if that is no peer of yours already running, choose others with --listen; port 0 takes any',
    facts,
  }
}

/** What is wrong with a TCP listen address; undefined where nothing is. */
async function tryListen(address: string): Promise<string | undefined> {
  const [, host, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/.exec(address) ?? []
  if (host === undefined || Number(port) > 65_535) return 'no IP address with a TCP port'
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve(FAULTS[code ?? ''] ?? message))
    server.listen({ host, port: Number(port), exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

const FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'in use by another program',
  EADDRNOTAVAIL: 'not an address of this machine',
  EACCES: 'not allowed for this user (ports below 1024 are not)',
}
