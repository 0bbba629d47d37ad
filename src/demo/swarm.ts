import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../directories-node.ts'
import type { Abortable } from '../ports.ts'
import { type Member, type MemberInit, startMember } from './member.ts'

export interface SwarmInit extends Abortable {
  /** Holds a data directory and a log for each member. */
  directory: string
  /** Shared by all: the software driver is unpacked there once. */
  cacheDir: string
  /** Without settings of Minga: the swarm must not join the network that this machine's own peer is in. */
  env: NodeJS.ProcessEnv
  /** @default 'info' */
  logLevel?: string
  /** More arguments for the bootstrap node. */
  bootstrapArgs?: readonly string[]
}

/** A network of real processes on 127.0.0.1: one bootstrap node, and peers that come and go. */
export interface Swarm {
  readonly bootstrap: Member
  /** All that were started, in order, also those that have ended. */
  members(): readonly Member[]
  /** Starts a peer. One that has ended comes back by its name, with its keys and its disk. */
  startPeer(name: string, args?: readonly string[]): Promise<Member>
  /** Starts a peer that computes everything wrong. */
  startCheat(name: string, args?: readonly string[]): Promise<Member>
  /** The bootstrap node's address for a client that dials by WebSocket. */
  webSocketAddress(): string
  /** Asks all to leave, peers first. Idempotent. */
  stop(): Promise<void>
}

const LISTEN = '/ip4/127.0.0.1/tcp/0'

/** Starts the bootstrap node; where it fails, nothing is left running. Throws MemberEndedError. */
export async function startSwarm(init: SwarmInit): Promise<Swarm> {
  const { directory, cacheDir, env, logLevel = 'info', bootstrapArgs = [], signal } = init
  await makeDirectory(directory)
  // An empty configuration, so that the user's own is not read.
  const config = join(directory, 'config.json')
  await writeFile(config, '{}\n')
  const members: Member[] = []

  const start = async (role: MemberInit['role'], name: string, args: readonly string[]) => {
    const base = join(directory, name.replaceAll(' ', '-'))
    const common = ['--config', config, '--cache-dir', cacheDir, '--log-level', logLevel]
    const member = await startMember({
      name,
      role,
      dataDir: base,
      logFile: `${base}.log`,
      args: [...common, ...args],
      env,
      ...(signal && { signal }),
    })
    members.push(member)
    return member
  }

  const bootstrap = await start('bootstrap', 'bootstrap', ['--listen', LISTEN, '--listen', `${LISTEN}/ws`, ...bootstrapArgs])
  const address = (matches: (address: string) => boolean) => bootstrap.addresses.find(matches) as string
  const joining = () => ['--listen', LISTEN, '--bootstrap', address((at) => !at.includes('/ws'))]
  return {
    bootstrap,
    members: () => members,
    webSocketAddress: () => address((at) => at.includes('/ws')),
    startPeer: (name, args = []) => start('peer', name, [...joining(), ...args]),
    startCheat: (name, args = []) => start('cheat', name, [...joining(), ...args]),
    async stop() {
      const running = members.filter((member) => member.isRunning())
      await Promise.all(running.filter(({ role }) => role !== 'bootstrap').map((member) => member.stop()))
      await bootstrap.stop()
    },
  }
}
