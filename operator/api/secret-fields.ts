import { z } from 'zod'
import { matchesPattern, withRules } from './cel-rule.ts'
import { text } from './text-schema.ts'

const secretName = withRules(text(253), [
  matchesPattern(
    '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    'is no name of a Secret: want lower-case letters, digits, - and .',
  ),
])
const secretKey = withRules(text(253), [
  matchesPattern('^[-._a-zA-Z0-9]+$', 'is no key of a Secret: want letters, digits, -, _ and .'),
])

/** A key of a Secret in the ProfileTarget's own namespace: there is no field for another. */
export const secretKeyRef = z
  .strictObject({
    name: secretName.describe(
      'Name of the Secret, in the namespace of this ProfileTarget. It needs the annotation conprof.io/allow: "true".',
    ),
    key: secretKey.describe('The key in it.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' })

export const authorization = z.strictObject({
  type: withRules(text(64), [
    matchesPattern("^[A-Za-z0-9!#$%&'*+.^_|~-]+$", 'want one word, such as Bearer'),
    {
      cel: "self.lowerAscii() != 'basic'",
      holds: (self) => self.toLowerCase() !== 'basic',
      message: 'basic has its own field, basicAuth',
    },
  ])
    .default('Bearer')
    .describe('The first word of the Authorization header.'),
  credentials: secretKeyRef.describe('The rest of it, such as a token.'),
})

export const basicAuth = z.strictObject({
  username: secretKeyRef.describe('The user name.'),
  password: secretKeyRef.optional().describe('The password; empty without it.'),
})

const fromSecret = z.strictObject({ secret: secretKeyRef.describe('The key of a Secret.') })

export const tls = withRules(
  z.strictObject({
    ca: fromSecret
      .optional()
      .describe("Certificates, in PEM, that the server's must lead to. The system's without it."),
    cert: fromSecret.optional().describe('The certificate to show to the server, in PEM. Needs keySecret.'),
    keySecret: secretKeyRef.optional().describe('The private key of cert, in PEM.'),
    serverName: withRules(text(253), [
      matchesPattern('^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$', 'is no host name'),
    ])
      .optional()
      .describe("The name that must be in the server's certificate, since pods are called by their address."),
    insecureSkipVerify: z.boolean().optional().describe('Accepts any certificate.'),
  }),
  [
    {
      cel: '!has(self.cert) || has(self.keySecret)',
      holds: ({ cert, keySecret }) => cert === undefined || keySecret !== undefined,
      message: 'cert without a key: add keySecret',
      fieldPath: '.cert',
    },
    {
      cel: '!has(self.keySecret) || has(self.cert)',
      holds: ({ cert, keySecret }) => keySecret === undefined || cert !== undefined,
      message: 'key without a certificate: add cert',
      fieldPath: '.keySecret',
    },
  ],
)

export type SecretKeyRef = z.infer<typeof secretKeyRef>
