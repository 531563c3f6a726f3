module conprof.io/capture-program

go 1.21
