import {
  address,
  amount,
  bytes,
  choice,
  duration,
  gasPrice,
  httpUrl,
  list,
  multiaddr,
  optional,
  path,
  text,
  toggle,
  type ValueType,
  whole,
} from './values.ts'

/** Which commands take the setting as a flag. */
export type SettingGroup = 'common' | 'network' | 'chain' | 'peer'

/** What a default may depend on. */
export interface Surroundings {
  /** The user's home directory. */
  home: string
  /** The working directory. */
  cwd: string
  platform: string
}

export interface Setting<T> {
  readonly type: ValueType<T>
  readonly group: SettingGroup
  /** For the help, starting in lower case. */
  readonly about: string
  readonly fallback: T | ((surroundings: Surroundings, env: Readonly<Record<string, string | undefined>>) => T)
  /** A single-letter flag. */
  readonly short?: string
}

const setting = <T>(group: SettingGroup, type: ValueType<T>, fallback: Setting<T>['fallback'], about: string, short?: string) =>
  ({ group, type, fallback, about, ...(short === undefined ? {} : { short }) }) satisfies Setting<T> as Setting<T>

const GiB = 2 ** 30

/**
 * Every setting of Minga, in the shape of the configuration file. `storage.maxBytes` is the flag `--storage-max-bytes` and the variable
 * `MINGA_STORAGE_MAX_BYTES`; names follow from this table alone, as do the types, the help and the completion.
 */
export const settings = {
  dataDir: setting<string>(
    'common',
    path('a directory', 'dir'),
    dataHome,
    'keys, Jobs and blocks are kept here; one peer a directory',
    'd',
  ),
  cacheDir: setting<string>(
    'common',
    path('a directory', 'dir'),
    cacheHome,
    'what can be made again is kept here, such as the software driver',
  ),
  logLevel: setting('common', choice('error', 'warn', 'info', 'debug', 'silent'), 'info', 'the least severe log line shown on stderr'),
  logFormat: setting(
    'common',
    choice('auto', 'pretty', 'json'),
    'auto',
    'of the log on stderr; auto is pretty on a terminal, else JSON lines',
  ),
  json: setting('common', toggle, false, 'print results on stdout as JSON, one object a line where there are many'),
  color: setting('common', choice('auto', 'always', 'never'), 'auto', 'colour on a terminal; NO_COLOR turns it off too'),

  listen: setting<readonly string[]>(
    'peer',
    list(multiaddr),
    ['/ip4/0.0.0.0/tcp/4617', '/ip4/0.0.0.0/tcp/4618/ws'],
    'address to listen on; port 0 takes any free one',
  ),
  announce: setting<readonly string[]>('peer', list(multiaddr), [], 'address to tell others, where it is not the one listened on'),
  bootstrap: setting<readonly string[]>('network', list(multiaddr), [], 'a peer to meet the network through', 'b'),
  mdns: setting('network', toggle, false, 'look for peers in the local network by multicast'),
  dht: setting('network', toggle, true, 'find peers through those already known'),
  relay: setting('peer', toggle, false, 'offer a circuit relay, through which peers meet that nobody can dial (docs/LIMITS.md)'),
  pnetKeyFile: setting<string | undefined>('network', optional(path('a file', 'file')), undefined, 'pre-shared key of a private network'),
  identityFile: setting<string | undefined>(
    'network',
    optional(path('a file', 'file')),
    undefined,
    'the peer key, instead of the one that is made and kept in the data directory',
  ),
  walletKeyFile: setting<string | undefined>(
    'network',
    optional(path('a file', 'file')),
    undefined,
    'the wallet key, instead of the one that is made and kept in the data directory',
  ),

  storage: {
    maxBytes: setting('peer', bytes, 20 * GiB, 'most bytes of blocks on disk; the oldest finished Jobs go first'),
    maxAgeMs: setting('peer', duration, 7 * 8.64e7, 'how long blocks of a finished Job are kept'),
  },
  compute: {
    device: setting(
      'peer',
      choice('auto', 'software', 'off'),
      'auto',
      'adapter to compute on: auto is the fastest that answers; off only serves and routes',
    ),
    software: setting('peer', toggle, true, 'also compute where only the software adapter answers'),
    blockBudgetMs: setting('peer', duration, 60_000, 'longest time that one block may compute, whatever its Job allows'),
    maxBytes: setting('peer', bytes, GiB, 'most device memory, all buffers together'),
    vulkanDrivers: setting<string | undefined>(
      'peer',
      optional(text('paths of Vulkan driver manifests', 'paths')),
      (_, env) => env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || undefined,
      'drivers for the compute process instead of the system’s (default: VK_DRIVER_FILES)',
    ),
  },
  jobs: {
    kinds: setting('peer', list(choice('wgsl')), ['wgsl'] as const, 'kinds of Jobs to take'),
    minUnitPrice: setting<bigint>('peer', amount, 0n, 'least pay for one MicroJob, in the smallest unit of the token'),
    minValidationPrice: setting<bigint>('peer', amount, 0n, 'least pay for validating one MacroJob, in the same unit'),
    minFinisherPrice: setting<bigint>('peer', amount, 0n, 'least pay for settling one MacroJob, in the same unit'),
  },
  chain: {
    file: setting<string | undefined>(
      'chain',
      optional(path('a file', 'file')),
      undefined,
      'the addresses of a chain, as `minga devnet` writes them; the settings below go before what it says',
    ),
    circuits: setting<string | undefined>(
      'chain',
      optional(path('a file', 'file')),
      undefined,
      'the circuits and keys to settle paid Jobs with, as `npm run circuits` writes them',
    ),
    rpc: setting<readonly string[]>('chain', list(httpUrl), [], 'an RPC endpoint; with two, neither is believed alone'),
    id: setting<number | undefined>('chain', optional(whole(1, Number.MAX_SAFE_INTEGER)), undefined, 'the chain that they must serve'),
    escrow: setting<string | undefined>('chain', optional(address), undefined, 'the escrow on it'),
    token: setting<string | undefined>('chain', optional(address), undefined, 'the token that the escrow pays in'),
    maxFee: setting<bigint>('chain', gasPrice, 300_000_000_000n, 'most to pay for a unit of gas; above it transactions wait'),
    confirmations: setting<number | undefined>(
      'chain',
      optional(whole(1, 1000)),
      undefined,
      'blocks until a transaction counts (default: 1 on a development chain, 3 on others)',
    ),
    pollMs: setting<number | undefined>(
      'chain',
      optional(duration),
      undefined,
      'between two looks at the chain (default: 250ms on a development chain, 4s on others)',
    ),
    giveUpMs: setting('chain', duration, 600_000, 'to wait for a transaction to be in a block; it is followed up all the same'),
  },
  timeout: {
    connectMs: setting('network', duration, 10_000, 'to wait for a peer to answer a dial'),
    requestMs: setting('network', duration, 30_000, 'to wait for the answer to a request'),
    rpcMs: setting('chain', duration, 10_000, 'to wait for one answer of an RPC endpoint'),
    leaveMs: setting('peer', duration, 60_000, 'to finish the MicroJob and hand over the queue when asked to stop'),
  },
} as const

/** XDG on Linux and macOS alike, since a command-line tool's files are looked for there; LOCALAPPDATA on Windows. */
function dataHome({ home, platform }: Surroundings, env: Readonly<Record<string, string | undefined>>): string {
  const base = platform === 'win32' ? env.LOCALAPPDATA || `${home}/AppData/Local` : env.XDG_DATA_HOME || `${home}/.local/share`
  return `${base}/minga`
}

function cacheHome({ home, platform }: Surroundings, env: Readonly<Record<string, string | undefined>>): string {
  const base = platform === 'win32' ? env.LOCALAPPDATA || `${home}/AppData/Local` : env.XDG_CACHE_HOME || `${home}/.cache`
  return platform === 'win32' ? `${base}/minga/cache` : `${base}/minga`
}

type ConfigOf<T> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : ConfigOf<T[K]> }

/** The effective configuration: validated, complete and frozen. Times in milliseconds, sizes in bytes, paths absolute. */
export type Config = ConfigOf<typeof settings>

/** A setting with the names it goes by. */
export interface NamedSetting {
  /** As in the file, for example `storage.maxBytes`. */
  key: string
  /** For example `--storage-max-bytes`. */
  flag: string
  /** For example `MINGA_STORAGE_MAX_BYTES`. */
  variable: string
  // biome-ignore lint/suspicious/noExplicitAny: the table is heterogeneous; each entry is used only with its own type's functions
  setting: Setting<any>
}

/** All settings with their names, in the table's order. */
export const namedSettings: readonly NamedSetting[] = Object.entries(settings).flatMap(([key, entry]) =>
  isSetting(entry) ? [named(key, entry)] : Object.entries(entry).map(([inner, setting]) => named(`${key}.${inner}`, setting)),
)

function isSetting(entry: object): entry is Setting<unknown> {
  return 'type' in entry
}

function named(key: string, setting: NamedSetting['setting']): NamedSetting {
  // A unit in a name belongs to the code; a flag's value carries its own.
  const words = key
    .replace(/Ms$/, '')
    .replaceAll('.', '-')
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return { key, flag: `--${words}`, variable: `MINGA_${words.replaceAll('-', '_').toUpperCase()}`, setting }
}
