# What `cmake --install` puts where. A program that embeds a device finds it with find_package(dormouse) and links
# dormouse::device; includes read as in this tree ("actors/device.hpp").
include(CMakePackageConfigHelpers)

# tools/device links all that a device needs. (An alias of the same name serves a project that adds this one as a
# folder.)
set_target_properties(dormouse_device PROPERTIES EXPORT_NAME device)
add_library(dormouse::device ALIAS dormouse_device)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dormouse)
set(libraries options base wire time store jobs schedules reconcile hal hal_linux hal_sim boards actors device)
foreach(extra firmware)
  if(TARGET dormouse_${extra})
    list(APPEND libraries ${extra})
  endif()
endforeach()
set_target_properties(dormouse_options PROPERTIES EXPORT_NAME options)
list(TRANSFORM libraries PREPEND dormouse_)
install(TARGETS ${libraries} EXPORT dormouse ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT dormouse NAMESPACE dormouse:: DESTINATION ${package_dir} FILE dormouse-targets.cmake)

configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/cmake/dormouse-config.cmake.in
  ${PROJECT_BINARY_DIR}/dormouse-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dormouse-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dormouse-config.cmake ${PROJECT_BINARY_DIR}/dormouse-config-version.cmake
  tools/cmake/FindCAF.cmake tools/cmake/FindCCTZ.cmake tools/cmake/FindLMDB.cmake tools/cmake/FindNettle.cmake DESTINATION ${package_dir})

foreach(layer runtime hal boards actors)
  install(DIRECTORY ${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dormouse
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
endforeach()
install(FILES tools/device/linux_device.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dormouse/tools/device)
install(DIRECTORY boards/ DESTINATION ${CMAKE_INSTALL_DATADIR}/dormouse/boards
  FILES_MATCHING PATTERN "*.toml" PATTERN "README.md")
if(TARGET dormouse)
  install(TARGETS dormouse RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(FILES tools/examples/demo.toml tools/examples/dormouse.service tools/examples/dormouse-sleep.service
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
