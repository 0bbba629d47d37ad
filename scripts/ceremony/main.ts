import { parseArgs } from 'node:util'
import { isSizeClassName, SIZE_CLASS_NAMES } from '../../src/job/settlement/size-classes.ts'
import { compileSizeClass } from '../circuits/artifacts.ts'
import { telling } from '../telling.ts'
import { applyBeacon, contribute, DEFAULT_ITERATIONS_EXP, exportCeremony, initCeremony, verifyCeremony } from './ceremony.ts'
import { readTranscript } from './transcript.ts'

const USAGE = `npm run ceremony -- <command> <folder> […]
  init <folder> --circuit 5x10 --ptau powersOfTau28_hez_final_15.ptau
  contribute <folder> --name "who you are"
  beacon <folder> --name "block 12345678" --hex <hash> [--iterations ${DEFAULT_ITERATIONS_EXP}]
  verify <folder> --ptau <file>
  export <folder> --ptau <file> --out <folder>`

const text = { type: 'string' } as const
const options = {
  help: { type: 'boolean', short: 'h' },
  circuit: text,
  ptau: text,
  name: text,
  hex: text,
  iterations: text,
  out: text,
} as const
const HELP = '`npm run ceremony -- --help` shows all commands'

/** The compiled circuit that the folder's ceremony is for. */
async function circuitOf(circuit: string) {
  if (!isSizeClassName(circuit)) throw new Error(`expected a size class as --circuit, ${SIZE_CLASS_NAMES.join(', ')}, found ${circuit}`)
  return { circuit, ...(await compileSizeClass(circuit)) }
}

async function ceremony(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options })
  if (values.help) return console.log(USAGE)
  const [command, folder] = positionals
  if (command === undefined || folder === undefined) throw new Error(`expected a command and a folder, found ${command ?? 'none'}: ${HELP}`)
  const need = (name: 'circuit' | 'ptau' | 'name' | 'hex' | 'out'): string => {
    const value = values[name]
    if (value === undefined) throw new Error(`expected --${name} for ${command}, found none: ${HELP}`)
    return value
  }
  switch (command) {
    case 'init': {
      const { steps } = await initCeremony({ ...(await circuitOf(need('circuit'))), folder, ptau: need('ptau') })
      console.log(`initial key ${steps[0]!.file}\nhash of the circuit ${steps[0]!.hash}`)
      break
    }
    case 'contribute': {
      const { file, hash } = await contribute(folder, need('name'))
      console.log(`contributed ${file}\npublish this hash: ${hash}`)
      break
    }
    case 'beacon': {
      const { file, hash } = await applyBeacon(folder, need('name'), need('hex'), Number(values.iterations ?? DEFAULT_ITERATIONS_EXP))
      console.log(`final key ${file}\nhash ${hash}`)
      break
    }
    case 'verify':
    case 'export': {
      const files = { ...(await circuitOf(readTranscript(folder).circuit)), folder, ptau: need('ptau') }
      if (command === 'export') await exportCeremony(files, need('out'))
      else await verifyCeremony(files)
      console.log(`the ceremony in ${folder} holds`)
      break
    }
    default:
      throw new Error(`expected init, contribute, beacon, verify or export, found ${command}: ${HELP}`)
  }
}

await telling(ceremony)
