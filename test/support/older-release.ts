/**
 * The release before this one, as long as none has been published: it reads all that this one writes. Cluster tests
 * upgrade from it and go back to it.
 */
export const olderCommit = 'd28711ff9971e9863f5007513109a6ffaa7e2a33'
