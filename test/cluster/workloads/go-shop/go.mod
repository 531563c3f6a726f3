module conprof.test/go-shop

go 1.24
