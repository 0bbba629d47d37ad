import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, watch } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A Redis of our own, reachable by a Unix socket in a directory that goes with it. */
export interface Redis {
  readonly socket: string
  readonly version: string
  /** CPU time so far. */
  cpuMicros(): Promise<number>
  stop(): Promise<void>
}

const START_MS = 10_000

/** Undefined where no `redis-server` is on the PATH. */
export async function startRedis(): Promise<Redis | undefined> {
  const version = /v=(\S+)/.exec(spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]
  if (version === undefined) return undefined
  const directory = await mkdtemp(join(tmpdir(), 'minga-bench-redis-'))
  const socket = join(directory, 'redis.sock')
  // Durable within a second, as BullMQ's guide for production has it; no snapshots while we measure.
  const persistence = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec', '--dir', directory]
  const seen = appears(directory, 'redis.sock')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, ...persistence], { stdio: 'ignore' })
  const exited = once(server, 'exit')
  const stop = async () => {
    server.kill('SIGKILL')
    await exited
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await Promise.race([seen, exited.then(([code]) => Promise.reject(new Error(`redis-server ended with exit code ${code}`)))])
  } catch (error) {
    await stop()
    throw error
  }
  return { socket, version, stop, cpuMicros: () => readCpu(socket) }
}

async function appears(directory: string, name: string): Promise<void> {
  for await (const { filename } of watch(directory, { signal: AbortSignal.timeout(START_MS) })) if (filename === name) return
}

/** Redis answers an inline command on any connection; the CPU section is far below one packet. */
async function readCpu(socket: string): Promise<number> {
  const connection = connect(socket)
  connection.write('INFO cpu\r\n')
  const [answer] = (await once(connection, 'data')) as [Buffer]
  connection.destroy()
  const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(answer.toString())?.[1])
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6
}
