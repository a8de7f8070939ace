# cmake -DMUTANT=file -DSOURCE=path -DIN=file -DOUT=file -P mutate.cmake: writes the source as the mutant has it. A text
# to replace that is not there exactly once is an error: then the mutant must be brought up to date.
function(edit source find replace)
  if(NOT source STREQUAL SOURCE)
    return()
  endif()
  string(FIND "${text}" "${find}" first)
  string(FIND "${text}" "${find}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "${MUTANT}: ${source} does not have this exactly once: ${find}")
  endif()
  string(REPLACE "${find}" "${replace}" text "${text}")
  set(text "${text}" PARENT_SCOPE)
endfunction()

file(READ ${IN} text)
include(${MUTANT})
file(WRITE ${OUT} "${text}")
