// Made by tools/generate-querier.ts of querier.proto: do not edit.

import type { Message } from '@bufbuild/protobuf'
import type { GenEnum, GenFile, GenMessage, GenService } from '@bufbuild/protobuf/codegenv2'
import { enumDesc, fileDesc, messageDesc, serviceDesc } from '@bufbuild/protobuf/codegenv2'

export const file_querier: GenFile =
  /*@__PURE__*/
  fileDesc(
    'Cg1xdWVyaWVyLnByb3RvEgpxdWVyaWVyLnYxIjEKE1Byb2ZpbGVUeXBlc1JlcXVlc3QSDQoFc3RhcnQYASABKAMSCwoDZW5kGAIgASgDIkYKFFByb2ZpbGVUeXBlc1Jlc3BvbnNlEi4KDXByb2ZpbGVfdHlwZXMYASADKAsyFy5xdWVyaWVyLnYxLlByb2ZpbGVUeXBlInsKC1Byb2ZpbGVUeXBlEgoKAklEGAEgASgJEgwKBG5hbWUYAiABKAkSEwoLc2FtcGxlX3R5cGUYBCABKAkSEwoLc2FtcGxlX3VuaXQYBSABKAkSEwoLcGVyaW9kX3R5cGUYBiABKAkSEwoLcGVyaW9kX3VuaXQYByABKAkiQQoRTGFiZWxOYW1lc1JlcXVlc3QSEAoIbWF0Y2hlcnMYASADKAkSDQoFc3RhcnQYAiABKAMSCwoDZW5kGAMgASgDIiMKEkxhYmVsTmFtZXNSZXNwb25zZRINCgVuYW1lcxgBIAMoCSJQChJMYWJlbFZhbHVlc1JlcXVlc3QSDAoEbmFtZRgBIAEoCRIQCghtYXRjaGVycxgCIAMoCRINCgVzdGFydBgDIAEoAxILCgNlbmQYBCABKAMiJAoTTGFiZWxWYWx1ZXNSZXNwb25zZRINCgVuYW1lcxgBIAMoCSIoCglMYWJlbFBhaXISDAoEbmFtZRgBIAEoCRINCgV2YWx1ZRgCIAEoCSIvCgZMYWJlbHMSJQoGbGFiZWxzGAEgAygLMhUucXVlcmllci52MS5MYWJlbFBhaXIiUgoNU2VyaWVzUmVxdWVzdBIQCghtYXRjaGVycxgBIAMoCRITCgtsYWJlbF9uYW1lcxgCIAMoCRINCgVzdGFydBgDIAEoAxILCgNlbmQYBCABKAMiOAoOU2VyaWVzUmVzcG9uc2USJgoKbGFiZWxzX3NldBgCIAMoCzISLnF1ZXJpZXIudjEuTGFiZWxzIl0KElN0YWNrVHJhY2VTZWxlY3RvchIkCgljYWxsX3NpdGUYASADKAsyES5xdWVyaWVyLnYxLkZyYW1lEiEKBmdvX3BnbxgCIAEoCzIRLnF1ZXJpZXIudjEuR29QZ28iFQoFRnJhbWUSDAoEbmFtZRgBIAEoCSI6CgVHb1BnbxIWCg5rZWVwX2xvY2F0aW9ucxgBIAEoDRIZChFhZ2dyZWdhdGVfY2FsbGVlcxgCIAEoCCL9AgoTU2VsZWN0U2VyaWVzUmVxdWVzdBIWCg5wcm9maWxlX3R5cGVJRBgBIAEoCRIWCg5sYWJlbF9zZWxlY3RvchgCIAEoCRINCgVzdGFydBgDIAEoAxILCgNlbmQYBCABKAMSEAoIZ3JvdXBfYnkYBSADKAkSDAoEc3RlcBgGIAEoARI/CgthZ2dyZWdhdGlvbhgHIAEoDjIlLnF1ZXJpZXIudjEuVGltZVNlcmllc0FnZ3JlZ2F0aW9uVHlwZUgAiAEBEkEKFHN0YWNrX3RyYWNlX3NlbGVjdG9yGAggASgLMh4ucXVlcmllci52MS5TdGFja1RyYWNlU2VsZWN0b3JIAYgBARISCgVsaW1pdBgJIAEoA0gCiAEBEi8KDWV4ZW1wbGFyX3R5cGUYCiABKA4yGC5xdWVyaWVyLnYxLkV4ZW1wbGFyVHlwZUIOCgxfYWdncmVnYXRpb25CFwoVX3N0YWNrX3RyYWNlX3NlbGVjdG9yQggKBl9saW1pdCI+ChRTZWxlY3RTZXJpZXNSZXNwb25zZRImCgZzZXJpZXMYASADKAsyFi5xdWVyaWVyLnYxLlRpbWVTZXJpZXMiVgoKVGltZVNlcmllcxIlCgZsYWJlbHMYASADKAsyFS5xdWVyaWVyLnYxLkxhYmVsUGFpchIhCgZwb2ludHMYAiADKAsyES5xdWVyaWVyLnYxLlBvaW50IlIKBVBvaW50Eg0KBXZhbHVlGAEgASgBEhEKCXRpbWVzdGFtcBgCIAEoAxInCglleGVtcGxhcnMYBCADKAsyFC5xdWVyaWVyLnYxLkV4ZW1wbGFyImcKCEV4ZW1wbGFyEhEKCXRpbWVzdGFtcBgBIAEoAxISCgpwcm9maWxlX2lkGAIgASgJEg0KBXZhbHVlGAQgASgDEiUKBmxhYmVscxgFIAMoCzIVLnF1ZXJpZXIudjEuTGFiZWxQYWlyIucCCh1TZWxlY3RNZXJnZVN0YWNrdHJhY2VzUmVxdWVzdBIWCg5wcm9maWxlX3R5cGVJRBgBIAEoCRIWCg5sYWJlbF9zZWxlY3RvchgCIAEoCRINCgVzdGFydBgDIAEoAxILCgNlbmQYBCABKAMSFgoJbWF4X25vZGVzGAUgASgDSACIAQESKQoGZm9ybWF0GAYgASgOMhkucXVlcmllci52MS5Qcm9maWxlRm9ybWF0EkEKFHN0YWNrX3RyYWNlX3NlbGVjdG9yGAcgASgLMh4ucXVlcmllci52MS5TdGFja1RyYWNlU2VsZWN0b3JIAYgBARIbChNwcm9maWxlX2lkX3NlbGVjdG9yGAggAygJEhkKEXRyYWNlX2lkX3NlbGVjdG9yGAogAygJEhUKDXNwYW5fc2VsZWN0b3IYCyADKAlCDAoKX21heF9ub2Rlc0IXChVfc3RhY2tfdHJhY2Vfc2VsZWN0b3IiggEKHlNlbGVjdE1lcmdlU3RhY2t0cmFjZXNSZXNwb25zZRIqCgpmbGFtZWdyYXBoGAEgASgLMhYucXVlcmllci52MS5GbGFtZUdyYXBoEgsKA2RvdBgDIAEoCRInCgVwcHJvZhgFIAEoCzIYLnF1ZXJpZXIudjEuUHByb2ZQcm9maWxlIjQKDFBwcm9mUHJvZmlsZRIkCgdwcm9maWxlGAEgASgLMhMucXVlcmllci52MS5Qcm9maWxlIl8KCkZsYW1lR3JhcGgSDQoFbmFtZXMYASADKAkSIQoGbGV2ZWxzGAIgAygLMhEucXVlcmllci52MS5MZXZlbBINCgV0b3RhbBgDIAEoAxIQCghtYXhfc2VsZhgEIAEoAyIXCgVMZXZlbBIOCgZ2YWx1ZXMYASADKAMioQIKGVNlbGVjdE1lcmdlUHJvZmlsZVJlcXVlc3QSFgoOcHJvZmlsZV90eXBlSUQYASABKAkSFgoObGFiZWxfc2VsZWN0b3IYAiABKAkSDQoFc3RhcnQYAyABKAMSCwoDZW5kGAQgASgDEhYKCW1heF9ub2RlcxgFIAEoA0gAiAEBEkEKFHN0YWNrX3RyYWNlX3NlbGVjdG9yGAYgASgLMh4ucXVlcmllci52MS5TdGFja1RyYWNlU2VsZWN0b3JIAYgBARIbChNwcm9maWxlX2lkX3NlbGVjdG9yGAcgAygJEhkKEXRyYWNlX2lkX3NlbGVjdG9yGAggAygJQgwKCl9tYXhfbm9kZXNCFwoVX3N0YWNrX3RyYWNlX3NlbGVjdG9yIoABCgtEaWZmUmVxdWVzdBI3CgRsZWZ0GAEgASgLMikucXVlcmllci52MS5TZWxlY3RNZXJnZVN0YWNrdHJhY2VzUmVxdWVzdBI4CgVyaWdodBgCIAEoCzIpLnF1ZXJpZXIudjEuU2VsZWN0TWVyZ2VTdGFja3RyYWNlc1JlcXVlc3QiPgoMRGlmZlJlc3BvbnNlEi4KCmZsYW1lZ3JhcGgYASABKAsyGi5xdWVyaWVyLnYxLkZsYW1lR3JhcGhEaWZmIooBCg5GbGFtZUdyYXBoRGlmZhINCgVuYW1lcxgBIAMoCRIhCgZsZXZlbHMYAiADKAsyES5xdWVyaWVyLnYxLkxldmVsEg0KBXRvdGFsGAMgASgDEhAKCG1heF9zZWxmGAQgASgDEhEKCWxlZnRUaWNrcxgFIAEoAxISCgpyaWdodFRpY2tzGAYgASgDIhgKFkdldFByb2ZpbGVTdGF0c1JlcXVlc3QiagoXR2V0UHJvZmlsZVN0YXRzUmVzcG9uc2USFQoNZGF0YV9pbmdlc3RlZBgBIAEoCBIbChNvbGRlc3RfcHJvZmlsZV90aW1lGAIgASgDEhsKE25ld2VzdF9wcm9maWxlX3RpbWUYAyABKAMiQAoTQW5hbHl6ZVF1ZXJ5UmVxdWVzdBINCgVzdGFydBgCIAEoAxILCgNlbmQYAyABKAMSDQoFcXVlcnkYBCABKAkicwoUQW5hbHl6ZVF1ZXJ5UmVzcG9uc2USLAoMcXVlcnlfc2NvcGVzGAEgAygLMhYucXVlcmllci52MS5RdWVyeVNjb3BlEi0KDHF1ZXJ5X2ltcGFjdBgCIAEoCzIXLnF1ZXJpZXIudjEuUXVlcnlJbXBhY3Qi1wEKClF1ZXJ5U2NvcGUSFgoOY29tcG9uZW50X3R5cGUYASABKAkSFwoPY29tcG9uZW50X2NvdW50GAIgASgEEhMKC2Jsb2NrX2NvdW50GAMgASgEEhQKDHNlcmllc19jb3VudBgEIAEoBBIVCg1wcm9maWxlX2NvdW50GAUgASgEEhQKDHNhbXBsZV9jb3VudBgGIAEoBBITCgtpbmRleF9ieXRlcxgHIAEoBBIVCg1wcm9maWxlX2J5dGVzGAggASgEEhQKDHN5bWJvbF9ieXRlcxgJIAEoBCJsCgtRdWVyeUltcGFjdBIhChl0b3RhbF9ieXRlc19pbl90aW1lX3JhbmdlGAIgASgEEhwKFHRvdGFsX3F1ZXJpZWRfc2VyaWVzGAMgASgEEhwKFGRlZHVwbGljYXRpb25fbmVlZGVkGAQgASgIIqUDCgdQcm9maWxlEioKC3NhbXBsZV90eXBlGAEgAygLMhUucXVlcmllci52MS5WYWx1ZVR5cGUSIgoGc2FtcGxlGAIgAygLMhIucXVlcmllci52MS5TYW1wbGUSJAoHbWFwcGluZxgDIAMoCzITLnF1ZXJpZXIudjEuTWFwcGluZxImCghsb2NhdGlvbhgEIAMoCzIULnF1ZXJpZXIudjEuTG9jYXRpb24SJgoIZnVuY3Rpb24YBSADKAsyFC5xdWVyaWVyLnYxLkZ1bmN0aW9uEhQKDHN0cmluZ190YWJsZRgGIAMoCRITCgtkcm9wX2ZyYW1lcxgHIAEoAxITCgtrZWVwX2ZyYW1lcxgIIAEoAxISCgp0aW1lX25hbm9zGAkgASgDEhYKDmR1cmF0aW9uX25hbm9zGAogASgDEioKC3BlcmlvZF90eXBlGAsgASgLMhUucXVlcmllci52MS5WYWx1ZVR5cGUSDgoGcGVyaW9kGAwgASgDEg8KB2NvbW1lbnQYDSADKAMSGwoTZGVmYXVsdF9zYW1wbGVfdHlwZRgOIAEoAyInCglWYWx1ZVR5cGUSDAoEdHlwZRgBIAEoAxIMCgR1bml0GAIgASgDIlQKBlNhbXBsZRITCgtsb2NhdGlvbl9pZBgBIAMoBBINCgV2YWx1ZRgCIAMoAxImCgVsYWJlbBgDIAMoCzIXLnF1ZXJpZXIudjEuU2FtcGxlTGFiZWwiRgoLU2FtcGxlTGFiZWwSCwoDa2V5GAEgASgDEgsKA3N0chgCIAEoAxILCgNudW0YAyABKAMSEAoIbnVtX3VuaXQYBCABKAMi3QEKB01hcHBpbmcSCgoCaWQYASABKAQSFAoMbWVtb3J5X3N0YXJ0GAIgASgEEhQKDG1lbW9yeV9saW1pdBgDIAEoBBITCgtmaWxlX29mZnNldBgEIAEoBBIQCghmaWxlbmFtZRgFIAEoAxIQCghidWlsZF9pZBgGIAEoAxIVCg1oYXNfZnVuY3Rpb25zGAcgASgIEhUKDWhhc19maWxlbmFtZXMYCCABKAgSGAoQaGFzX2xpbmVfbnVtYmVycxgJIAEoCBIZChFoYXNfaW5saW5lX2ZyYW1lcxgKIAEoCCJuCghMb2NhdGlvbhIKCgJpZBgBIAEoBBISCgptYXBwaW5nX2lkGAIgASgEEg8KB2FkZHJlc3MYAyABKAQSHgoEbGluZRgEIAMoCzIQLnF1ZXJpZXIudjEuTGluZRIRCglpc19mb2xkZWQYBSABKAgiOQoETGluZRITCgtmdW5jdGlvbl9pZBgBIAEoBBIMCgRsaW5lGAIgASgDEg4KBmNvbHVtbhgDIAEoAyJfCghGdW5jdGlvbhIKCgJpZBgBIAEoBBIMCgRuYW1lGAIgASgDEhMKC3N5c3RlbV9uYW1lGAMgASgDEhAKCGZpbGVuYW1lGAQgASgDEhIKCnN0YXJ0X2xpbmUYBSABKAMqawoZVGltZVNlcmllc0FnZ3JlZ2F0aW9uVHlwZRIkCiBUSU1FX1NFUklFU19BR0dSRUdBVElPTl9UWVBFX1NVTRAAEigKJFRJTUVfU0VSSUVTX0FHR1JFR0FUSU9OX1RZUEVfQVZFUkFHRRABKnsKDEV4ZW1wbGFyVHlwZRIdChlFWEVNUExBUl9UWVBFX1VOU1BFQ0lGSUVEEAASFgoSRVhFTVBMQVJfVFlQRV9OT05FEAESHAoYRVhFTVBMQVJfVFlQRV9JTkRJVklEVUFMEAISFgoSRVhFTVBMQVJfVFlQRV9TUEFOEAMqmQEKDVByb2ZpbGVGb3JtYXQSHgoaUFJPRklMRV9GT1JNQVRfVU5TUEVDSUZJRUQQABIdChlQUk9GSUxFX0ZPUk1BVF9GTEFNRUdSQVBIEAESFwoTUFJPRklMRV9GT1JNQVRfVFJFRRACEhYKElBST0ZJTEVfRk9STUFUX0RPVBADEhgKFFBST0ZJTEVfRk9STUFUX1BQUk9GEAQywQYKDlF1ZXJpZXJTZXJ2aWNlElEKDFByb2ZpbGVUeXBlcxIfLnF1ZXJpZXIudjEuUHJvZmlsZVR5cGVzUmVxdWVzdBogLnF1ZXJpZXIudjEuUHJvZmlsZVR5cGVzUmVzcG9uc2USSwoKTGFiZWxOYW1lcxIdLnF1ZXJpZXIudjEuTGFiZWxOYW1lc1JlcXVlc3QaHi5xdWVyaWVyLnYxLkxhYmVsTmFtZXNSZXNwb25zZRJOCgtMYWJlbFZhbHVlcxIeLnF1ZXJpZXIudjEuTGFiZWxWYWx1ZXNSZXF1ZXN0Gh8ucXVlcmllci52MS5MYWJlbFZhbHVlc1Jlc3BvbnNlEj8KBlNlcmllcxIZLnF1ZXJpZXIudjEuU2VyaWVzUmVxdWVzdBoaLnF1ZXJpZXIudjEuU2VyaWVzUmVzcG9uc2USUQoMU2VsZWN0U2VyaWVzEh8ucXVlcmllci52MS5TZWxlY3RTZXJpZXNSZXF1ZXN0GiAucXVlcmllci52MS5TZWxlY3RTZXJpZXNSZXNwb25zZRJvChZTZWxlY3RNZXJnZVN0YWNrdHJhY2VzEikucXVlcmllci52MS5TZWxlY3RNZXJnZVN0YWNrdHJhY2VzUmVxdWVzdBoqLnF1ZXJpZXIudjEuU2VsZWN0TWVyZ2VTdGFja3RyYWNlc1Jlc3BvbnNlElAKElNlbGVjdE1lcmdlUHJvZmlsZRIlLnF1ZXJpZXIudjEuU2VsZWN0TWVyZ2VQcm9maWxlUmVxdWVzdBoTLnF1ZXJpZXIudjEuUHJvZmlsZRI5CgREaWZmEhcucXVlcmllci52MS5EaWZmUmVxdWVzdBoYLnF1ZXJpZXIudjEuRGlmZlJlc3BvbnNlEloKD0dldFByb2ZpbGVTdGF0cxIiLnF1ZXJpZXIudjEuR2V0UHJvZmlsZVN0YXRzUmVxdWVzdBojLnF1ZXJpZXIudjEuR2V0UHJvZmlsZVN0YXRzUmVzcG9uc2USUQoMQW5hbHl6ZVF1ZXJ5Eh8ucXVlcmllci52MS5BbmFseXplUXVlcnlSZXF1ZXN0GiAucXVlcmllci52MS5BbmFseXplUXVlcnlSZXNwb25zZWIGcHJvdG8z',
  )

export type ProfileTypesRequest = Message<'querier.v1.ProfileTypesRequest'> & {
  start: bigint

  end: bigint
}

export const ProfileTypesRequestSchema: GenMessage<ProfileTypesRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 0)

export type ProfileTypesResponse = Message<'querier.v1.ProfileTypesResponse'> & {
  profileTypes: ProfileType[]
}

export const ProfileTypesResponseSchema: GenMessage<ProfileTypesResponse> =
  /*@__PURE__*/
  messageDesc(file_querier, 1)

export type ProfileType = Message<'querier.v1.ProfileType'> & {
  ID: string

  name: string

  sampleType: string

  sampleUnit: string

  periodType: string

  periodUnit: string
}

export const ProfileTypeSchema: GenMessage<ProfileType> = /*@__PURE__*/ messageDesc(file_querier, 2)

export type LabelNamesRequest = Message<'querier.v1.LabelNamesRequest'> & {
  matchers: string[]

  start: bigint

  end: bigint
}

export const LabelNamesRequestSchema: GenMessage<LabelNamesRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 3)

export type LabelNamesResponse = Message<'querier.v1.LabelNamesResponse'> & {
  names: string[]
}

export const LabelNamesResponseSchema: GenMessage<LabelNamesResponse> =
  /*@__PURE__*/
  messageDesc(file_querier, 4)

export type LabelValuesRequest = Message<'querier.v1.LabelValuesRequest'> & {
  name: string

  matchers: string[]

  start: bigint

  end: bigint
}

export const LabelValuesRequestSchema: GenMessage<LabelValuesRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 5)

export type LabelValuesResponse = Message<'querier.v1.LabelValuesResponse'> & {
  names: string[]
}

export const LabelValuesResponseSchema: GenMessage<LabelValuesResponse> =
  /*@__PURE__*/
  messageDesc(file_querier, 6)

export type LabelPair = Message<'querier.v1.LabelPair'> & {
  name: string

  value: string
}

export const LabelPairSchema: GenMessage<LabelPair> = /*@__PURE__*/ messageDesc(file_querier, 7)

export type Labels = Message<'querier.v1.Labels'> & {
  labels: LabelPair[]
}

export const LabelsSchema: GenMessage<Labels> = /*@__PURE__*/ messageDesc(file_querier, 8)

export type SeriesRequest = Message<'querier.v1.SeriesRequest'> & {
  matchers: string[]

  labelNames: string[]

  start: bigint

  end: bigint
}

export const SeriesRequestSchema: GenMessage<SeriesRequest> = /*@__PURE__*/ messageDesc(file_querier, 9)

export type SeriesResponse = Message<'querier.v1.SeriesResponse'> & {
  labelsSet: Labels[]
}

export const SeriesResponseSchema: GenMessage<SeriesResponse> = /*@__PURE__*/ messageDesc(file_querier, 10)

export type StackTraceSelector = Message<'querier.v1.StackTraceSelector'> & {
  callSite: Frame[]

  goPgo?: GoPgo | undefined
}

export const StackTraceSelectorSchema: GenMessage<StackTraceSelector> =
  /*@__PURE__*/
  messageDesc(file_querier, 11)

export type Frame = Message<'querier.v1.Frame'> & {
  name: string
}

export const FrameSchema: GenMessage<Frame> = /*@__PURE__*/ messageDesc(file_querier, 12)

export type GoPgo = Message<'querier.v1.GoPgo'> & {
  keepLocations: number

  aggregateCallees: boolean
}

export const GoPgoSchema: GenMessage<GoPgo> = /*@__PURE__*/ messageDesc(file_querier, 13)

export type SelectSeriesRequest = Message<'querier.v1.SelectSeriesRequest'> & {
  profileTypeID: string

  labelSelector: string

  start: bigint

  end: bigint

  groupBy: string[]

  step: number

  aggregation?: TimeSeriesAggregationType | undefined

  stackTraceSelector?: StackTraceSelector | undefined

  limit?: bigint | undefined

  exemplarType: ExemplarType
}

export const SelectSeriesRequestSchema: GenMessage<SelectSeriesRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 14)

export type SelectSeriesResponse = Message<'querier.v1.SelectSeriesResponse'> & {
  series: TimeSeries[]
}

export const SelectSeriesResponseSchema: GenMessage<SelectSeriesResponse> =
  /*@__PURE__*/
  messageDesc(file_querier, 15)

export type TimeSeries = Message<'querier.v1.TimeSeries'> & {
  labels: LabelPair[]

  points: Point[]
}

export const TimeSeriesSchema: GenMessage<TimeSeries> = /*@__PURE__*/ messageDesc(file_querier, 16)

export type Point = Message<'querier.v1.Point'> & {
  value: number

  timestamp: bigint

  exemplars: Exemplar[]
}

export const PointSchema: GenMessage<Point> = /*@__PURE__*/ messageDesc(file_querier, 17)

export type Exemplar = Message<'querier.v1.Exemplar'> & {
  timestamp: bigint

  profileId: string

  value: bigint

  labels: LabelPair[]
}

export const ExemplarSchema: GenMessage<Exemplar> = /*@__PURE__*/ messageDesc(file_querier, 18)

export type SelectMergeStacktracesRequest = Message<'querier.v1.SelectMergeStacktracesRequest'> & {
  profileTypeID: string

  labelSelector: string

  start: bigint

  end: bigint

  maxNodes?: bigint | undefined

  format: ProfileFormat

  stackTraceSelector?: StackTraceSelector | undefined

  profileIdSelector: string[]

  traceIdSelector: string[]

  spanSelector: string[]
}

export const SelectMergeStacktracesRequestSchema: GenMessage<SelectMergeStacktracesRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 19)

export type SelectMergeStacktracesResponse = Message<'querier.v1.SelectMergeStacktracesResponse'> & {
  flamegraph?: FlameGraph | undefined

  dot: string

  pprof?: PprofProfile | undefined
}

export const SelectMergeStacktracesResponseSchema: GenMessage<SelectMergeStacktracesResponse> =
  /*@__PURE__*/
  messageDesc(file_querier, 20)

export type PprofProfile = Message<'querier.v1.PprofProfile'> & {
  profile?: Profile | undefined
}

export const PprofProfileSchema: GenMessage<PprofProfile> = /*@__PURE__*/ messageDesc(file_querier, 21)

export type FlameGraph = Message<'querier.v1.FlameGraph'> & {
  names: string[]

  levels: Level[]

  total: bigint

  maxSelf: bigint
}

export const FlameGraphSchema: GenMessage<FlameGraph> = /*@__PURE__*/ messageDesc(file_querier, 22)

export type Level = Message<'querier.v1.Level'> & {
  values: bigint[]
}

export const LevelSchema: GenMessage<Level> = /*@__PURE__*/ messageDesc(file_querier, 23)

export type SelectMergeProfileRequest = Message<'querier.v1.SelectMergeProfileRequest'> & {
  profileTypeID: string

  labelSelector: string

  start: bigint

  end: bigint

  maxNodes?: bigint | undefined

  stackTraceSelector?: StackTraceSelector | undefined

  profileIdSelector: string[]

  traceIdSelector: string[]
}

export const SelectMergeProfileRequestSchema: GenMessage<SelectMergeProfileRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 24)

export type DiffRequest = Message<'querier.v1.DiffRequest'> & {
  left?: SelectMergeStacktracesRequest | undefined

  right?: SelectMergeStacktracesRequest | undefined
}

export const DiffRequestSchema: GenMessage<DiffRequest> = /*@__PURE__*/ messageDesc(file_querier, 25)

export type DiffResponse = Message<'querier.v1.DiffResponse'> & {
  flamegraph?: FlameGraphDiff | undefined
}

export const DiffResponseSchema: GenMessage<DiffResponse> = /*@__PURE__*/ messageDesc(file_querier, 26)

export type FlameGraphDiff = Message<'querier.v1.FlameGraphDiff'> & {
  names: string[]

  levels: Level[]

  total: bigint

  maxSelf: bigint

  leftTicks: bigint

  rightTicks: bigint
}

export const FlameGraphDiffSchema: GenMessage<FlameGraphDiff> = /*@__PURE__*/ messageDesc(file_querier, 27)

export type GetProfileStatsRequest = Message<'querier.v1.GetProfileStatsRequest'> & {}

export const GetProfileStatsRequestSchema: GenMessage<GetProfileStatsRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 28)

export type GetProfileStatsResponse = Message<'querier.v1.GetProfileStatsResponse'> & {
  dataIngested: boolean

  oldestProfileTime: bigint

  newestProfileTime: bigint
}

export const GetProfileStatsResponseSchema: GenMessage<GetProfileStatsResponse> =
  /*@__PURE__*/
  messageDesc(file_querier, 29)

export type AnalyzeQueryRequest = Message<'querier.v1.AnalyzeQueryRequest'> & {
  start: bigint

  end: bigint

  query: string
}

export const AnalyzeQueryRequestSchema: GenMessage<AnalyzeQueryRequest> =
  /*@__PURE__*/
  messageDesc(file_querier, 30)

export type AnalyzeQueryResponse = Message<'querier.v1.AnalyzeQueryResponse'> & {
  queryScopes: QueryScope[]

  queryImpact?: QueryImpact | undefined
}

export const AnalyzeQueryResponseSchema: GenMessage<AnalyzeQueryResponse> =
  /*@__PURE__*/
  messageDesc(file_querier, 31)

export type QueryScope = Message<'querier.v1.QueryScope'> & {
  componentType: string

  componentCount: bigint

  blockCount: bigint

  seriesCount: bigint

  profileCount: bigint

  sampleCount: bigint

  indexBytes: bigint

  profileBytes: bigint

  symbolBytes: bigint
}

export const QueryScopeSchema: GenMessage<QueryScope> = /*@__PURE__*/ messageDesc(file_querier, 32)

export type QueryImpact = Message<'querier.v1.QueryImpact'> & {
  totalBytesInTimeRange: bigint

  totalQueriedSeries: bigint

  deduplicationNeeded: boolean
}

export const QueryImpactSchema: GenMessage<QueryImpact> = /*@__PURE__*/ messageDesc(file_querier, 33)

export type Profile = Message<'querier.v1.Profile'> & {
  sampleType: ValueType[]

  sample: Sample[]

  mapping: Mapping[]

  location: Location[]

  function: Function[]

  stringTable: string[]

  dropFrames: bigint

  keepFrames: bigint

  timeNanos: bigint

  durationNanos: bigint

  periodType?: ValueType | undefined

  period: bigint

  comment: bigint[]

  defaultSampleType: bigint
}

export const ProfileSchema: GenMessage<Profile> = /*@__PURE__*/ messageDesc(file_querier, 34)

export type ValueType = Message<'querier.v1.ValueType'> & {
  type: bigint

  unit: bigint
}

export const ValueTypeSchema: GenMessage<ValueType> = /*@__PURE__*/ messageDesc(file_querier, 35)

export type Sample = Message<'querier.v1.Sample'> & {
  locationId: bigint[]

  value: bigint[]

  label: SampleLabel[]
}

export const SampleSchema: GenMessage<Sample> = /*@__PURE__*/ messageDesc(file_querier, 36)

export type SampleLabel = Message<'querier.v1.SampleLabel'> & {
  key: bigint

  str: bigint

  num: bigint

  numUnit: bigint
}

export const SampleLabelSchema: GenMessage<SampleLabel> = /*@__PURE__*/ messageDesc(file_querier, 37)

export type Mapping = Message<'querier.v1.Mapping'> & {
  id: bigint

  memoryStart: bigint

  memoryLimit: bigint

  fileOffset: bigint

  filename: bigint

  buildId: bigint

  hasFunctions: boolean

  hasFilenames: boolean

  hasLineNumbers: boolean

  hasInlineFrames: boolean
}

export const MappingSchema: GenMessage<Mapping> = /*@__PURE__*/ messageDesc(file_querier, 38)

export type Location = Message<'querier.v1.Location'> & {
  id: bigint

  mappingId: bigint

  address: bigint

  line: Line[]

  isFolded: boolean
}

export const LocationSchema: GenMessage<Location> = /*@__PURE__*/ messageDesc(file_querier, 39)

export type Line = Message<'querier.v1.Line'> & {
  functionId: bigint

  line: bigint

  column: bigint
}

export const LineSchema: GenMessage<Line> = /*@__PURE__*/ messageDesc(file_querier, 40)

export type Function = Message<'querier.v1.Function'> & {
  id: bigint

  name: bigint

  systemName: bigint

  filename: bigint

  startLine: bigint
}

export const FunctionSchema: GenMessage<Function> = /*@__PURE__*/ messageDesc(file_querier, 41)

export const TimeSeriesAggregationType = {
  SUM: 0,
  AVERAGE: 1,
} as const
export type TimeSeriesAggregationType =
  (typeof TimeSeriesAggregationType)[keyof typeof TimeSeriesAggregationType]

export const TimeSeriesAggregationTypeSchema: GenEnum<TimeSeriesAggregationType> =
  /*@__PURE__*/
  enumDesc(file_querier, 0)

export const ExemplarType = {
  UNSPECIFIED: 0,
  NONE: 1,
  INDIVIDUAL: 2,
  SPAN: 3,
} as const
export type ExemplarType = (typeof ExemplarType)[keyof typeof ExemplarType]

export const ExemplarTypeSchema: GenEnum<ExemplarType> = /*@__PURE__*/ enumDesc(file_querier, 1)

export const ProfileFormat = {
  UNSPECIFIED: 0,
  FLAMEGRAPH: 1,
  TREE: 2,
  DOT: 3,
  PPROF: 4,
} as const
export type ProfileFormat = (typeof ProfileFormat)[keyof typeof ProfileFormat]

export const ProfileFormatSchema: GenEnum<ProfileFormat> = /*@__PURE__*/ enumDesc(file_querier, 2)

export const QuerierService: GenService<{
  profileTypes: {
    methodKind: 'unary'
    input: typeof ProfileTypesRequestSchema
    output: typeof ProfileTypesResponseSchema
  }
  labelNames: {
    methodKind: 'unary'
    input: typeof LabelNamesRequestSchema
    output: typeof LabelNamesResponseSchema
  }
  labelValues: {
    methodKind: 'unary'
    input: typeof LabelValuesRequestSchema
    output: typeof LabelValuesResponseSchema
  }
  series: {
    methodKind: 'unary'
    input: typeof SeriesRequestSchema
    output: typeof SeriesResponseSchema
  }
  selectSeries: {
    methodKind: 'unary'
    input: typeof SelectSeriesRequestSchema
    output: typeof SelectSeriesResponseSchema
  }
  selectMergeStacktraces: {
    methodKind: 'unary'
    input: typeof SelectMergeStacktracesRequestSchema
    output: typeof SelectMergeStacktracesResponseSchema
  }
  selectMergeProfile: {
    methodKind: 'unary'
    input: typeof SelectMergeProfileRequestSchema
    output: typeof ProfileSchema
  }
  diff: {
    methodKind: 'unary'
    input: typeof DiffRequestSchema
    output: typeof DiffResponseSchema
  }
  getProfileStats: {
    methodKind: 'unary'
    input: typeof GetProfileStatsRequestSchema
    output: typeof GetProfileStatsResponseSchema
  }
  analyzeQuery: {
    methodKind: 'unary'
    input: typeof AnalyzeQueryRequestSchema
    output: typeof AnalyzeQueryResponseSchema
  }
}> = /*@__PURE__*/ serviceDesc(file_querier, 0)
