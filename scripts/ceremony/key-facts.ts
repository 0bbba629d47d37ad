/** What a key holds of one contribution. */
interface KeyContribution {
  name: string
  /** 128 hexadecimal digits. */
  hash: string
  /** Where it is a beacon. */
  beacon?: { hex: string; iterationsExp: number }
}

/** What a key holds of its ceremony. */
interface KeyFacts {
  circuitHash: string
  /** The first one first. */
  contributions: KeyContribution[]
}

const CIRCUIT = /^Circuit Hash: \n([0-9a-f\s]+)$/
/** What a contributor calls itself may hold anything: the hash is what comes last. */
const CONTRIBUTION = /^contribution #\d+ (.*):\n([0-9a-f\s]+)$/s
const BEACON_VALUE = /^Beacon generator: ([0-9a-f]*)$/
const BEACON_ITERATIONS = /^Beacon iterations Exp: (\d+)$/

/**
 * The facts in what snarkjs has said while it verified a key; it tells them nowhere else. The last contribution comes first there, each followed by
 * its beacon, if it is one. Throws where the circuit's hash is not among them.
 */
export function keyFacts(log: readonly string[]): KeyFacts {
  let circuitHash: string | undefined
  const contributions: KeyContribution[] = []
  let value: string | undefined
  for (const text of log) {
    circuitHash = digits(CIRCUIT.exec(text)?.[1]) ?? circuitHash
    const found = CONTRIBUTION.exec(text)
    if (found !== null) contributions.push({ name: found[1]!, hash: digits(found[2])! })
    value = BEACON_VALUE.exec(text)?.[1] ?? value
    const iterations = BEACON_ITERATIONS.exec(text)?.[1]
    if (iterations !== undefined) contributions.at(-1)!.beacon = { hex: value ?? '', iterationsExp: Number(iterations) }
  }
  if (circuitHash === undefined) throw new Error("expected the circuit's hash among what snarkjs says of a key, found none")
  return { circuitHash, contributions: contributions.reverse() }
}

function digits(text: string | undefined): string | undefined {
  return text?.replaceAll(/\s/g, '')
}
