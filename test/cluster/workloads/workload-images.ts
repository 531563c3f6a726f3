import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { buildOnce } from '../../support/build-once.ts'
import { versitygwProgram } from '../../support/versitygw.ts'
import type { Image } from '../images/image.ts'
import { imageFromFolder } from '../images/image-from-folder.ts'
import { goWorkload } from './go-workload.ts'
import { nodeWorkloadImage } from './node-workload.ts'
import { rustWorkload } from './rust-workload.ts'
import { sourceHash } from './source-hash.ts'

/** The images that the pods here run, `localhost/conprof-test-NAME:1`: some minutes the first time, then at once. */
export async function workloadImages(): Promise<Image[]> {
  const waiting = [makeRust, makeGo, makeNode, makeMesh, makeS3]
  const images: Image[] = []
  const work = async () => {
    for (let make = waiting.shift(); make !== undefined; make = waiting.shift()) images.push(await make())
  }
  // Compilers share the machine with whatever else it builds.
  await Promise.all([work(), work()])
  return images
}

async function makeGo(): Promise<Image> {
  // A signal that the runtime sends to a busy goroutine coincides with the profiler's where CPUs are short, and the
  // profile then shows the runtime's handler instead of what burns.
  return programImage('go-shop', await goWorkload('go-shop'), { GODEBUG: 'asyncpreemptoff=1' })
}

async function makeMesh(): Promise<Image> {
  return programImage('mesh-proxy', await goWorkload('mesh-proxy'))
}

async function makeRust(): Promise<Image> {
  return programImage('rust-pprof', await rustWorkload('rust-pprof', 'quotes'))
}

async function makeS3(): Promise<Image> {
  return programImage('s3', await versitygwProgram())
}

function makeNode(): Promise<Image> {
  return nodeWorkloadImage(imageName('node-pprof'), { folder: 'node-pprof', packages: ['@datadog/pprof'] })
}

/** Nothing but a static program; the program's name says which one it is. */
async function programImage(name: string, program: string, env?: Record<string, string>): Promise<Image> {
  const recipe = await sourceHash(import.meta.dirname, [
    'workload-images.ts',
    '../images/image-from-folder.ts',
  ])
  const archive = await buildOnce(`image-${name}-of-${basename(program)}-${recipe}.tar`, async (building) => {
    const folder = join(building, 'root')
    await mkdir(folder)
    await copyFile(program, join(folder, name))
    await chmod(join(folder, name), 0o755)
    const archive = join(building, 'image.tar')
    await imageFromFolder({
      name: imageName(name),
      folder,
      entrypoint: [`/${name}`],
      user: '65532:65532',
      ...(env === undefined ? {} : { env }),
      archive,
    })
    return archive
  })
  return { name: imageName(name), archive }
}

function imageName(name: string): string {
  return `localhost/conprof-test-${name}:1`
}
