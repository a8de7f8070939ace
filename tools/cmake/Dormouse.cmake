# One function per kind of target, so that every room's CMakeLists.txt is a few lines and the arrows
# between layers are spelled as link dependencies.

add_library(dormouse_options INTERFACE)
target_compile_features(dormouse_options INTERFACE cxx_std_20)
target_include_directories(dormouse_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/dormouse>)
set(dormouse_warnings
  -Wall -Wextra
  -Wshadow            # a shadowed name is a bug waiting
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>  # seams are deleted through their interface
  -Wno-missing-field-initializers  # designated initializers name what matters
  # The middle end of g++ 12 sees ghosts in std::string and std::variant once it optimises.
  "$<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-maybe-uninitialized;-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow>"
  $<$<BOOL:${DORMOUSE_WERROR}>:-Werror>)
target_compile_options(dormouse_options INTERFACE "$<BUILD_INTERFACE:${dormouse_warnings}>")
if(DORMOUSE_SANITIZE)
  target_compile_options(dormouse_options INTERFACE -fsanitize=${DORMOUSE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)  # fences in libraries' headers
  target_link_options(dormouse_options INTERFACE -fsanitize=${DORMOUSE_SANITIZE})
endif()

# Code that waits for disks and people: its size costs memory all the time, its speed nothing.
set(dormouse_small $<$<CONFIG:RelWithDebInfo,Release>:-Os>)

# dormouse_library(NAME [SMALL] [ROOMS folders...] [DEPENDS targets...] [PRECOMPILE headers...]): a static library of
# the .c and .cpp files of the folder itself and of those folders in it. Globbed, because a room's sources are what lies
# in the room; CONFIGURE_DEPENDS sees new files.
function(dormouse_library name)
  cmake_parse_arguments(arg "SMALL" "" "ROOMS;DEPENDS;PRECOMPILE" ${ARGN})
  set(patterns *.cpp *.c)
  foreach(room ${arg_ROOMS})
    list(APPEND patterns ${room}/*.cpp ${room}/*.c)
  endforeach()
  list(TRANSFORM patterns PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  if(sources)
    add_library(dormouse_${name} STATIC ${sources})
    target_link_libraries(dormouse_${name} PUBLIC dormouse_options ${arg_DEPENDS})
    if(arg_SMALL)
      target_compile_options(dormouse_${name} PRIVATE ${dormouse_small})
    endif()
    if(arg_PRECOMPILE)
      target_precompile_headers(dormouse_${name} PRIVATE ${arg_PRECOMPILE})
    endif()
  else()
    add_library(dormouse_${name} INTERFACE)
    target_link_libraries(dormouse_${name} INTERFACE dormouse_options ${arg_DEPENDS})
  endif()
  set_target_properties(dormouse_${name} PROPERTIES EXPORT_NAME ${name})
endfunction()

# Code of tests: what they test is built as it ships, they themselves are built quickly.
set(dormouse_quick "$<$<CONFIG:RelWithDebInfo,Release>:-O1;-g1>")

# What `tools/dev` builds for a sanitizer: every test program, or those of the rooms that have threads.
add_custom_target(all_tests)
add_custom_target(threaded_tests)
set(dormouse_test_timeout 300)  # s; over ten times what the slowest takes under a sanitizer: it ends what hangs
set(dormouse_threaded_rooms "(^|/)(actors|hal|store|link)(/|$)")

# dormouse_test(NAME [SERIAL] [DEPENDS targets...] [PRECOMPILE headers...]): one test program of the
# folder's .cpp files, each of its cases a ctest of its own, found when ctest starts. SERIAL: none runs beside any other
# test. Its label is its path below tests/, with "+threads" for the rooms that have any (several labels do not survive
# the discovery): `ctest -L runtime/store`, `ctest -L threads`.
function(dormouse_test name)
  cmake_parse_arguments(arg "SERIAL" "" "DEPENDS;PRECOMPILE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE dormouse_options ${arg_DEPENDS} GTest::gtest GTest::gtest_main)
  target_compile_options(test_${name} PRIVATE ${dormouse_quick})
  target_compile_definitions(test_${name} PRIVATE DORMOUSE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_precompile_headers(test_${name} PRIVATE <gtest/gtest.h> ${arg_PRECOMPILE})

  file(RELATIVE_PATH label ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  add_dependencies(all_tests test_${name})
  if(label MATCHES ${dormouse_threaded_rooms})
    string(APPEND label "+threads")
    add_dependencies(threaded_tests test_${name})
  endif()

  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60 DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${dormouse_test_timeout} LABELS ${label} RUN_SERIAL ${arg_SERIAL}
      ENVIRONMENT "TZDIR=${PROJECT_SOURCE_DIR}/tests/tzdata")
endfunction()
