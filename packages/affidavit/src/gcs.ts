// affidavit/gcs: an archive in a bucket of Google Cloud Storage.

export { type GcsOptions, gcsStore } from './archive/gcs.ts'
export type { GcsClient, GcsLock, GcsObject } from './archive/gcs-client.ts'
