# syntax=docker/dockerfile:1
# conprof in one image: every program and tool, no build step, so the source is what runs.
#   docker build --build-arg REVISION=$(git rev-parse HEAD) -t REGISTRY/conprof:0.1.0 .
FROM docker.io/library/node:26-bookworm-slim AS build
WORKDIR /conprof
COPY package.json package-lock.json .npmrc ./
# The image's own Node runs it: those that npm brings for other hosts stay out.
RUN npm ci --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/node-linux-* node_modules/node-bin-* node_modules/.bin/node
COPY . .
ARG REVISION=""
RUN npm pkg set revision="$REVISION" && chmod -R a+rX . && chmod a+x bin/conprof.js
# What a first start would compile, as the user that will run it: half the time, and less memory.
RUN mkdir /compile-cache && chown 65532:65532 /compile-cache
USER 65532:65532
RUN NODE_COMPILE_CACHE=/compile-cache node bin/conprof.js --help > /dev/null

FROM docker.io/library/node:26-bookworm-slim
ARG REVISION=""
LABEL org.opencontainers.image.title="conprof" \
      org.opencontainers.image.description="Continuous profiling for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
RUN ln -s /conprof/bin/conprof.js /usr/local/bin/conprof \
 && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /opt/yarn* /usr/local/bin/yarn*
COPY --from=build /conprof /conprof
COPY --from=build /compile-cache /compile-cache
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/compile-cache \
    MALLOC_ARENA_MAX=2
WORKDIR /conprof
# By number, so that Kubernetes can see that it is not root. Nothing but /tmp and --storage.path is written to.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["node", "--max-semi-space-size=4", "/conprof/bin/conprof.js"]
CMD ["--help"]
