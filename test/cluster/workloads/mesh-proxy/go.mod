module conprof.test/mesh-proxy

go 1.24
