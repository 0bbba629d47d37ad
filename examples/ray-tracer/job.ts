import { readFileSync } from 'node:fs'
import type { JobDraft } from '../../src/job/draft.ts'

type Vector = readonly [x: number, y: number, z: number]

export interface Sphere {
  centre: Vector
  radius: number
  colour: Vector
  /** The share of light that it reflects when seen from the front, from 0 to 1. */
  mirror: number
}

export interface Scene {
  width: number
  height: number
  /** Samples along each axis of a pixel. */
  samples: number
  eye: Vector
  lookAt: Vector
  /** Half the width of the picture at distance 1. */
  halfWidth: number
  sun: Vector
  spheres: readonly Sphere[]
}

/** Coral, amber, teal, azure, violet, ivory. */
const COLOURS: readonly Vector[] = [
  [0.92, 0.17, 0.11],
  [0.96, 0.52, 0.04],
  [0.02, 0.48, 0.42],
  [0.04, 0.22, 0.78],
  [0.38, 0.07, 0.58],
  [0.86, 0.82, 0.72],
]

/** A mirror among smaller spheres on a spiral, in the colours of a paint box. */
export const EVENING: Scene = {
  width: 640,
  height: 360,
  samples: 1,
  eye: [0.5, 1.35, -6.4],
  lookAt: [-0.1, 0.95, 0],
  halfWidth: 0.62,
  sun: unit([-0.46, 0.2, 0.9]),
  spheres: [{ centre: [0, 1.15, 0.4], radius: 1.15, colour: [0.95, 0.93, 0.9], mirror: 0.86 }, ...spiral(26)],
}

/** Smaller spheres around the middle, each a golden angle on from the one before, so that none hides behind another. */
function spiral(count: number): Sphere[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = 0.7 + i * 2.399963
    const distance = 1.65 + 0.55 * Math.sqrt(i)
    const radius = 0.16 + 0.05 * ((i * 7) % 5)
    return {
      centre: [distance * Math.sin(angle), radius, 0.4 - distance * Math.cos(angle)],
      radius,
      colour: COLOURS[i % COLOURS.length]!,
      mirror: 0.05,
    }
  })
}

/** The Job that traces a scene, by default the evening one, in any size. */
export function rayTracerJob(changes: Partial<Scene> = {}): JobDraft {
  const scene = { ...EVENING, ...changes }
  return {
    name: 'Ray-traced evening',
    code: readFileSync(new URL('shader.wgsl', import.meta.url), 'utf8'),
    slicing: { width: scene.width, height: scene.height },
    program: { prelude: ['reproducible-float'] },
    params: [scene.samples, scene.spheres.length, ...numbersOf(scene).map(bitsOf)],
  }
}

/** Eye, forward, right, up, sun, and eight numbers a sphere, in the shader's order. */
export function numbersOf({ width, height, eye, lookAt, halfWidth, sun, spheres }: Scene): number[] {
  const forward = unit([lookAt[0] - eye[0], lookAt[1] - eye[1], lookAt[2] - eye[2]])
  const right = unit([forward[2], 0, -forward[0]])
  const up = [
    forward[1] * right[2] - forward[2] * right[1],
    forward[2] * right[0] - forward[0] * right[2],
    forward[0] * right[1] - forward[1] * right[0],
  ]
  const halfHeight = (halfWidth * height) / width
  return [
    ...eye,
    ...forward,
    ...right.map((value) => value * halfWidth),
    ...up.map((value) => value * halfHeight),
    ...sun,
    ...spheres.flatMap(({ centre, radius, colour, mirror }) => [...centre, radius, ...colour, mirror]),
  ]
}

function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z)
  return [x / length, y / length, z / length]
}

/** The bits of a number as a 32-bit float. */
function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!
}
