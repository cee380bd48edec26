// affidavit/s3: an archive in a bucket of Amazon S3, or of what speaks like it.

export { type S3Options, s3Store } from './archive/s3.ts'
export type { S3Client, S3Endpoint } from './archive/s3-client.ts'
