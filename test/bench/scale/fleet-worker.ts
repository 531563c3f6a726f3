import { parentPort, workerData } from 'node:worker_threads'
import { readCorpus } from '../corpus.ts'
import { cutFleet } from './cut-fleet.ts'
import { type FleetParameters, planFleet } from './fleet-plan.ts'

/** What a thread is told: collectors that it plays. */
export interface FleetWork {
  readonly parameters: FleetParameters
  readonly programs: readonly string[]
  readonly corpus: string
  readonly directory: string
  readonly collectors: readonly number[]
}

const { parameters, programs, corpus, directory, collectors } = workerData as FleetWork
const read = readCorpus(corpus)
const pods = planFleet(parameters, programs)
for (const collector of collectors)
  cutFleet({
    parameters,
    collector,
    pods,
    corpus: read,
    directory,
    onWindow: (window) => parentPort!.postMessage(window),
  })
