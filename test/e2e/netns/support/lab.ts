/**
 * A network of its own for one test: a bridge, and hosts on it, each in a network namespace. Nothing of it has a name outside or lies on the disk:
 * the kernel takes all of it back with the last process in it, and each of these ends with the process of the test, however that ends.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Root of a user namespace of its own: nothing here needs, or has, a right outside. */
const OWN_NETWORK = ['unshare', '--user', '--map-root-user', '--net']
/** A process that keeps its namespaces until its standard input ends, which is when we do. */
const HOLD = ['sh', '-c', 'echo ready; exec cat']
/** Ends with its parent, also where that is killed. */
const MORTAL = ['setpriv', '--pdeathsig', 'KILL']

export interface Host {
  readonly name: string
  /** An IPv4 address; hosts of all subnets are on one wire. */
  readonly ip: string
  /** A command after these words runs on the host, and ends with the test. */
  readonly within: readonly string[]
}

export interface Lab {
  addHost(name: string, ip: string): Promise<Host>
  /** Drops silently what `from` sends to `to`, and only that. */
  drop(from: readonly Host[], to: readonly Host[]): Promise<void>
  /** Drops both directions. */
  cut(some: readonly Host[], others: readonly Host[]): Promise<void>
  /** Drops, of all that these send, one packet in 32: those whose number ends in five zero bits. One that is sent again has a new number. */
  lose(hosts: readonly Host[]): Promise<void>
  /** Lets nobody open a TCP connection to the host, as a firewall or a NAT does. */
  closeInbound(host: Host): Promise<void>
  /** Undoes all of the above. */
  heal(): Promise<void>
}

/** Why no lab can be built here: the reason to skip a test; false where one can. */
export const noLab: string | false = findObstacle()

function findObstacle(): string | false {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s'
  const script = [
    'ip link add probe0 type veth peer name probe1',
    'ip link add probe2 type bridge',
    'ip link set probe0 up',
    'tc qdisc add dev probe0 ingress',
    'tc filter add dev probe0 parent ffff: protocol ip prio 1 u32 match u32 0 0 action mirred egress redirect dev probe1',
  ].join(' && ')
  const [command = '', ...rest] = [...OWN_NETWORK, ...MORTAL, 'sh', '-c', script]
  const { status, stderr, error } = spawnSync(command, rest, { encoding: 'utf8' })
  if (status === 0) return false
  return `no network namespaces here: ${(error?.message ?? stderr).trim().split('\n')[0]}`
}

/** An empty lab; it is gone after the test. */
export async function startLab(t: Pick<TestContext, 'after'>): Promise<Lab> {
  const holders: ChildProcess[] = []
  const ports = new Map<string, Host>()
  t.after(() => {
    for (const holder of holders) holder.kill('SIGKILL')
  })
  const hold = async (words: readonly string[]): Promise<number> => {
    const [command = '', ...rest] = [...words, ...HOLD]
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    holders.push(child)
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'close').then(() => {
        throw new Error(`could not make a namespace: ${words.join(' ')}`)
      }),
    ])
    return child.pid as number
  }
  const wire = await hold(OWN_NETWORK)
  const inside = (pid: number) => ['nsenter', `--user=/proc/${wire}/ns/user`, `--net=/proc/${pid}/ns/net`, '--preserve-credentials']
  const at = async (pid: number, ...commands: string[]) => {
    const [command = '', ...rest] = [...inside(pid), 'sh', '-ec', commands.join('\n')]
    await run(command, rest)
  }
  // What is redirected to this wire's end is lost: its other end is down.
  await at(
    wire,
    'ip link add bridge type bridge',
    'ip link set bridge up',
    'ip link add void type veth peer name nowhere',
    'ip link set void up',
  )

  let plugged = 0
  let filters = 0
  /** Loses what enters the bridge from the host's port and matches. */
  const loseAt = (port: string, match: string) =>
    `tc filter add dev ${port} parent ffff: protocol ip prio ${++filters} u32 ${match} action mirred egress redirect dev void`
  const portOf = (host: Host) => [...ports].find(([, each]) => each === host)?.[0] as string

  const drop: Lab['drop'] = async (from, to) => {
    await at(wire, ...from.flatMap((host) => to.map(({ ip }) => loseAt(portOf(host), `match ip dst ${ip}/32`))))
  }
  return {
    async addHost(name, ip) {
      const port = `port${++plugged}`
      const pid = await hold([...inside(wire), 'unshare', '--net'])
      await at(
        wire,
        `ip link add ${port} type veth peer name eth0 netns ${pid}`,
        `ip link set ${port} master bridge up`,
        `tc qdisc add dev ${port} ingress`,
      )
      await at(pid, 'ip link set lo up', `ip addr add ${ip}/32 dev eth0`, 'ip link set eth0 up', 'ip route add default dev eth0')
      const host = { name, ip, within: [...inside(pid), ...MORTAL] }
      ports.set(port, host)
      return host
    },
    drop,
    async cut(some, others) {
      await drop(some, others)
      await drop(others, some)
    },
    async lose(hosts) {
      await at(wire, ...hosts.map((host) => loseAt(portOf(host), 'match u16 0 0x001f at 4')))
    },
    async closeInbound(closed) {
      // SYN without ACK, in a header of 20 bytes before that of TCP.
      const match = `match ip dst ${closed.ip}/32 match ip protocol 6 0xff match u8 0x02 0x12 at 33`
      await at(wire, ...[...ports].filter(([, host]) => host !== closed).map(([port]) => loseAt(port, match)))
    },
    async heal() {
      await at(wire, ...[...ports.keys()].map((port) => `tc filter del dev ${port} parent ffff:`))
    },
  }
}
