export interface Image {
  /** With its tag, as a pod names it: `localhost/conprof:tree`. */
  readonly name: string
  /** Path of a docker archive, for `ctr -n k8s.io image import`. */
  readonly archive: string
}
