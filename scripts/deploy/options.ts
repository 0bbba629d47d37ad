import { parseArgs } from 'node:util'

export const USAGE = `npm run deploy -- --rpc <url> --chain-id <id> --keys <folder>… --out <folder> [--key-file <file>] […]

Deploys the escrow with its verifiers, and a token where none is named, and writes what peers and clients need:
<out>/chain.json for --chain-file, <out>/circuits.json for --chain-circuits, <out>/deployment.json to go on from.
Run again with the same options after whatever cut it off: what stands is passed over.

  --rpc <url>          an RPC endpoint of the chain
  --chain-id <id>      the chain that you mean; another one behind the endpoint is refused
  --keys <folder>      what \`npm run ceremony -- export\` wrote for one size class; once for each. On chain 31337 alone it may be
                       left away, for the INSECURE development keys
  --key-file <file>    the deployer's key, 64 hexadecimal digits; or the variable MINGA_DEPLOY_KEY. Never an argument: others see those
  --token <address>    a token that stands, with 18 decimals, permits and burn (default: a new one)
  --supply <tokens>    whole tokens of the new one (default: 1000000000)
  --holder <address>   who gets them (default: the deployer)
  --public-rpc <url>   an endpoint to name in chain.json, up to eight times (default: --rpc; leave no secret in it)
  --max-fee <gwei>     the most to pay for a unit of gas; above it nothing is sent
  --give-up <seconds>  until a contract that is in no block ends the run (default: 600)
  --dry-run            says what it would do and cost, and ends
  --help               this text`

export interface DeployOptions {
  rpc: string
  chainId: number
  keys: string[]
  out: string
  keyFile: string | undefined
  token: string | undefined
  supply: bigint | undefined
  holder: string | undefined
  publicRpc: string[]
  maxFeeWei: bigint | undefined
  giveUpMs: number
  dryRun: boolean
}

const GWEI = 1_000_000_000

/** The options in `argv`; undefined where help is asked for. Throws an Error that says what is missing or wrong. */
export function parseOptions(argv: readonly string[]): DeployOptions | undefined {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rpc: text,
      'chain-id': text,
      keys: { ...text, multiple: true },
      out: text,
      'key-file': text,
      token: text,
      supply: text,
      holder: text,
      'public-rpc': { ...text, multiple: true },
      'max-fee': text,
      'give-up': text,
      'dry-run': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return undefined
  const need = (name: 'rpc' | 'chain-id' | 'out') => {
    const value = values[name]
    if (value === undefined) throw new Error(`expected --${name}, found none; --help names all options`)
    return value
  }
  const { token, holder } = values
  for (const [name, address] of Object.entries({ token, holder })) {
    if (address !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(address)) throw new Error(`expected an address as --${name}, found ${address}`)
  }
  if (token !== undefined && (values.supply !== undefined || holder !== undefined))
    throw new Error('expected --supply and --holder for a new token only, found --token beside them')
  const maxFee = values['max-fee']
  return {
    rpc: need('rpc'),
    chainId: positive('chain-id', need('chain-id')),
    keys: values.keys ?? [],
    out: need('out'),
    keyFile: values['key-file'],
    token,
    supply: values.supply === undefined ? undefined : BigInt(positive('supply', values.supply)),
    holder,
    publicRpc: values['public-rpc'] ?? [need('rpc')],
    maxFeeWei: maxFee === undefined ? undefined : BigInt(Math.round(amount('max-fee', maxFee) * GWEI)),
    giveUpMs: positive('give-up', values['give-up'] ?? '600') * 1000,
    dryRun: values['dry-run'] ?? false,
  }
}

function positive(name: string, text: string): number {
  const value = amount(name, text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`expected a whole number from 1 on as --${name}, found ${text}`)
  return value
}

function amount(name: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`expected a number as --${name}, found ${text}`)
  return Number(text)
}
