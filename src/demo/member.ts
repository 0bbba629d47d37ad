import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startBound } from '../launcher.ts'
import type { Abortable, PeerId } from '../ports.ts'
import { MemberEndedError } from './errors.ts'

/** Beside this file: `.ts` in the sources, `.js` in the package. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const entryOf = { peer: `../peer.${ending}`, bootstrap: `../cli.${ending}`, cheat: `cheat-member.${ending}` }

/** A peer that was asked to leave hands over its queue first; the demo's next step need not wait for ever. */
const LEAVE_MS = 5_000

export interface MemberInit extends Abortable {
  /** For people: "peer 1". */
  name: string
  role: 'peer' | 'bootstrap' | 'cheat'
  dataDir: string
  /** What it logs, as JSON lines. */
  logFile: string
  /** More arguments of the command line. */
  args: readonly string[]
  env: NodeJS.ProcessEnv
}

/** One process of the swarm: a peer, one that cheats, or a bootstrap node. */
export interface Member {
  readonly name: string
  readonly role: MemberInit['role']
  readonly peer: PeerId
  readonly addresses: readonly string[]
  readonly pid: number
  readonly logFile: string
  /** How it ended, in words, once it did: `exit code 0`, `SIGKILL`. */
  readonly ended: Promise<string>
  /** Resolves when it ends and nobody has asked it to. */
  readonly fell: Promise<MemberEndedError>
  isRunning(): boolean
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
  /** Asks it to leave in good order; ends it where it does not. Idempotent. */
  stop(): Promise<void>
}

interface Ready {
  event: string
  peer: PeerId
  addresses: string[]
}

/** Starts `node peer.js …` or `node cli.js bootstrap …` and waits until it is ready. Throws MemberEndedError, or the signal's reason. */
export async function startMember({ name, role, dataDir, logFile, args, env, signal }: MemberInit): Promise<Member> {
  const log = openSync(logFile, 'a')
  const command = [...(role === 'bootstrap' ? ['bootstrap'] : []), '--data-dir', dataDir, '--json', '--log-format', 'json', ...args]
  const entry = fileURLToPath(new URL(entryOf[role], import.meta.url))
  const child = startBound(process.execPath, entry, command, { stdio: ['ignore', 'pipe', log], env })
  closeSync(log)
  let running = true
  let isAsked = false
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      running = false
      resolve(how)
    }
    child.once('exit', (code, by) => end(by ?? `exit code ${code}`))
    child.once('error', (error) => end(error.message))
  })
  const fell = new Promise<MemberEndedError>((resolve) => {
    ended.then((how) => isAsked || resolve(new MemberEndedError(name, how)))
  })
  const kill = async () => {
    isAsked = true
    child.kill('SIGKILL')
    await ended
  }

  const ready = new Promise<Ready>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = parse(line)
      if (event?.event === 'ready') resolve(event)
    })
    ended.then((how) => reject(new MemberEndedError(name, how)), reject)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal?.aborted) reject(signal.reason)
  })
  const { peer, addresses } = await ready.catch(async (error: unknown) => {
    await kill()
    throw error
  })
  return {
    name,
    role,
    peer,
    addresses,
    pid: child.pid as number,
    logFile,
    ended,
    fell,
    isRunning: () => running,
    kill,
    async stop() {
      isAsked = true
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), LEAVE_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

function parse(line: string): Ready | undefined {
  try {
    return JSON.parse(line) as Ready
  } catch {
    return undefined
  }
}
