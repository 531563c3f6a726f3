import { DeleteObjectsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t from 'tap'
import { startPickyProxy } from './picky-proxy.ts'
import { startVersitygw } from './versitygw.ts'

t.test('the picky proxy refuses what the SDK does by default', async (t) => {
  const server = await startVersitygw(t)
  const proxy = await startPickyProxy(t, server.endpoint)
  const Bucket = await server.createBucket()
  const settings = {
    ...{ region: 'us-east-1', forcePathStyle: true, maxAttempts: 1, endpoint: `http://${proxy.endpoint}` },
    credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
  }
  const byDefault = new S3Client(settings)
  const whenRequired = new S3Client({ ...settings, requestChecksumCalculation: 'WHEN_REQUIRED' })
  t.teardown(() => byDefault.destroy())
  t.teardown(() => whenRequired.destroy())
  const object = { Bucket, Key: 'a', Body: 'body' }
  await t.rejects(byDefault.send(new PutObjectCommand(object)), { name: 'InvalidRequest' })
  await t.rejects(whenRequired.send(new PutObjectCommand({ ...object, IfNoneMatch: '*' })), {
    name: 'NotImplemented',
  })
  await t.rejects(
    whenRequired.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a' }] } })),
  )
  t.equal(proxy.refused.length, 3)
  await whenRequired.send(new PutObjectCommand(object))
  t.equal(proxy.passed.length, 1)
})
