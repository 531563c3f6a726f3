import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../../support/build-once.ts'
import { go } from '../../support/kubernetes-build.ts'
import { imageFromFolder } from '../images/image-from-folder.ts'
import { pauseImageName } from './node-programs.ts'

const program = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
}
`

/** Path of a docker archive of what holds a pod's network. */
export function pauseImage(): Promise<string> {
  return buildOnce('pause-image-1.tar', async (building) => {
    const folder = join(building, 'root')
    await mkdir(folder)
    await writeFile(join(building, 'pause.go'), program)
    await go(['build', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, 'pause'), 'pause.go'], building)
    const archive = join(building, 'pause.tar')
    await imageFromFolder({ name: pauseImageName, folder, entrypoint: ['/pause'], archive })
    return archive
  })
}
