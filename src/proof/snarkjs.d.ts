/** The part of snarkjs that this house uses; the package carries no types of its own. */
declare module 'snarkjs' {
  export interface Groth16Proof {
    pi_a: string[]
    pi_b: string[][]
    pi_c: string[]
    protocol: string
    curve: string
  }

  export interface VerificationKey {
    protocol: string
    curve: string
    nPublic: number
    vk_alpha_1: string[]
    vk_beta_2: string[][]
    vk_gamma_2: string[][]
    vk_delta_2: string[][]
    vk_alphabeta_12: string[][][]
    IC: string[][]
  }

  /** A file that lives in memory. */
  export interface MemoryFile {
    type: 'mem'
    data?: Uint8Array
  }

  export type File = string | Uint8Array | MemoryFile

  export interface Logger {
    debug(text: string): void
    info(text: string): void
    warn(text: string): void
    error(text: string): void
  }

  export interface Group<Coordinate = unknown> {
    /** The generator, in the curve's own form. */
    g: Uint8Array
    toJacobian?(point: Uint8Array): Uint8Array
    toAffine(point: Uint8Array): Uint8Array
    /** Of points in affine or in Jacobian coordinates, by their length. */
    add(a: Uint8Array, b: Uint8Array): Uint8Array
    timesFr(point: Uint8Array, scalar: Uint8Array): Uint8Array
    neg(point: Uint8Array): Uint8Array
    multiExpAffine(points: Uint8Array, scalars: Uint8Array): Promise<Uint8Array>
    /** The coordinates x and y of an affine point, and 1; of those in G2 the real part comes first. */
    toObject(point: Uint8Array): [Coordinate, Coordinate, Coordinate]
  }

  export interface Curve {
    /** The order of the base field, and of the scalar field. */
    q: bigint
    r: bigint
    Fr: {
      /** A root of unity of order 2^i, for each i. */
      w: Uint8Array[]
      toString(value: Uint8Array): string
      e(value: bigint): Uint8Array
      random(): Uint8Array
      inv(value: Uint8Array): Uint8Array
      fromMontgomery(value: Uint8Array): Uint8Array
    }
    G1: Group<bigint>
    G2: Group<[bigint, bigint]>
    /** The WebAssembly behind the curve, in this thread. */
    tm: {
      u8: Uint8Array
      u32: Uint32Array
      memory: WebAssembly.Memory
      instance: { exports: Record<string, (...args: number[]) => number> }
      alloc(bytes: number): number
    }
    terminate(): Promise<void>
  }

  export const curves: { getCurveFromName(name: string, options?: { singleThread?: boolean }): Promise<Curve> }

  export const wtns: {
    calculate(input: object, wasm: File, witness: File): Promise<void>
    exportJson(witness: File): Promise<bigint[]>
  }

  export const groth16: {
    prove(
      zkey: File,
      witness: File,
      logger?: Logger,
      options?: { singleThread?: boolean },
    ): Promise<{ proof: Groth16Proof; publicSignals: string[] }>
    verify(key: VerificationKey, publicSignals: readonly string[], proof: Groth16Proof): Promise<boolean>
  }

  export const zKey: {
    newZKey(r1cs: File, ptau: File, zkey: File, logger?: Logger): Promise<Uint8Array | -1>
    contribute(from: File, to: File, name: string, entropy: string | Uint8Array, logger?: Logger): Promise<Uint8Array>
    beacon(from: File, to: File, name: string, beaconHex: string, iterationsExp: number, logger?: Logger): Promise<Uint8Array | false>
    verifyFromR1cs(r1cs: File, ptau: File, zkey: File, logger?: Logger): Promise<boolean>
    verifyFromInit(init: File, ptau: File, zkey: File, logger?: Logger): Promise<boolean>
    exportVerificationKey(zkey: File, logger?: Logger): Promise<VerificationKey>
    exportSolidityVerifier(zkey: File, templates: { groth16: string }, logger?: Logger): Promise<string>
  }

  export const powersOfTau: {
    newAccumulator(curve: Curve, power: number, file: File, logger?: Logger): Promise<unknown>
    contribute(from: File, to: File, name: string, entropy: string | Uint8Array, logger?: Logger): Promise<unknown>
    preparePhase2(from: File, to: File, logger?: Logger): Promise<unknown>
    verify(file: File, logger?: Logger): Promise<boolean>
  }
}
